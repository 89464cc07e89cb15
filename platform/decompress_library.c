#include "platform/decompress_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

/* A function to find, and the pointer that gets it. */
struct wanted {
    const char *name;
    void *function;
};

/* C has no conversion between pointers to data and to functions; dlsym(3) relies on one size. */
_Static_assert(sizeof(void *) == sizeof(void (*)(void)), "pointers of one size");

static int load(const char *file, const struct wanted *wanted, size_t count, void **ret_handle,
                struct error *err)
{
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL)
        return error_set(err, EOPNOTSUPP, "%s is not installed, and this file needs it", file);
    for (size_t i = 0; i < count; i++) {
        void *found = dlsym(handle, wanted[i].name);

        if (found == NULL) {
            (void)dlclose(handle);
            return error_set(err, EOPNOTSUPP, "%s has no %s", file, wanted[i].name);
        }
        memcpy(wanted[i].function, &found, sizeof(found));
    }
    *ret_handle = handle;
    return 0;
}

int gzip_library_load(struct gzip_library *ret_library, struct error *err)
{
    const struct wanted wanted[] = {{"inflateInit2_", &ret_library->init},
                                    {"inflateReset", &ret_library->reset},
                                    {"inflate", &ret_library->inflate},
                                    {"inflateEnd", &ret_library->end}};

    return load("libz.so.1", wanted, sizeof(wanted) / sizeof(wanted[0]), &ret_library->handle, err);
}

int xz_library_load(struct xz_library *ret_library, struct error *err)
{
    const struct wanted wanted[] = {{"lzma_stream_decoder", &ret_library->decoder},
                                    {"lzma_code", &ret_library->code},
                                    {"lzma_end", &ret_library->end}};

    return load("liblzma.so.5", wanted, sizeof(wanted) / sizeof(wanted[0]), &ret_library->handle,
                err);
}

int lz4_library_load(struct lz4_library *ret_library, struct error *err)
{
    const struct wanted wanted[] = {
        {"LZ4F_createDecompressionContext", &ret_library->create},
        {"LZ4F_decompress", &ret_library->decompress},
        {"LZ4F_freeDecompressionContext", &ret_library->free},
        {"LZ4F_isError", &ret_library->is_error},
        {"LZ4F_getErrorName", &ret_library->error_name},
    };

    return load("liblz4.so.1", wanted, sizeof(wanted) / sizeof(wanted[0]), &ret_library->handle,
                err);
}

void library_unload(void **handle)
{
    if (*handle != NULL)
        (void)dlclose(*handle);
    *handle = NULL;
}
