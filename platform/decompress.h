#pragma once

#include <stddef.h>

#include "platform/error.h"

/*
 * Streams a file that may be compressed: plain, gzip, xz, lz4 or zstd, told by its first bytes.
 * Memory stays bounded whatever the file says (windows at most 8 MiB).
 */
struct stream;

/* Takes over the descriptor, also when it fails. Fails with -EOPNOTSUPP for a compression that is
 * not known (bzip2). */
int stream_open(int fd, size_t max_decoded, struct stream **ret_stream, struct error *err);
/* Up to size bytes; 0 at the true end. -EBADMSG when it is damaged or cut off (a plain file cannot
 * tell that it is), -EFBIG above max_decoded or for a window that is too large. */
long stream_read(struct stream *stream, void *buffer, size_t size, struct error *err);
void stream_close(struct stream *stream);
void auto_stream_close(struct stream **stream);
