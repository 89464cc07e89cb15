#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/decompress.h"
#include "platform/memory.h"

/* What the fuzzer gives, in the forms in which our functions take it. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A string that ends at the first NUL; the caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = must_allocate(size + 1, 1);

    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* A stream of the bytes, or NULL when they start like something that is not supported. */
static inline struct stream *fuzz_stream(const uint8_t *data, size_t size, size_t max_decoded)
{
    struct stream *stream = NULL;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return stream_open(fd, max_decoded, &stream, NULL) < 0 ? NULL : stream;
}
