#include "server-api/store/certificate_cache.h"

#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"

/* Two machines with one place take it from each other. */
struct certificate_cache {
    struct certificate *places[CERTIFICATE_CACHE_MAX];
};

struct certificate_cache *certificate_cache_new(void)
{
    return must_allocate(1, sizeof(struct certificate_cache));
}

void certificate_cache_free(struct certificate_cache *cache)
{
    for (size_t i = 0; cache != NULL && i < CERTIFICATE_CACHE_MAX; i++)
        certificate_free(cache->places[i]);
    free(cache);
}

static bool has_der(const struct certificate *certificate, const void *der, size_t length)
{
    AUTO(text_clear) struct text own = {0};

    if (certificate == NULL)
        return false;
    certificate_to_der(certificate, &own);
    return own.length == length && memcmp(own.bytes, der, length) == 0;
}

int certificate_cache_get(struct certificate_cache *cache, const struct digest *key,
                          const void *der, size_t length,
                          const struct certificate **ret_certificate, struct error *err)
{
    size_t index = ((size_t)key->bytes[0] << 8 | key->bytes[1]) % CERTIFICATE_CACHE_MAX;
    struct certificate **place = &cache->places[index];
    struct certificate *fresh = NULL;

    if (!has_der(*place, der, length)) {
        int r = certificate_from_der(der, length, &fresh, err);

        if (r < 0)
            return r;
        certificate_free(*place);
        *place = fresh;
    }
    *ret_certificate = *place;
    return 0;
}
