#include "server-api/http/verified_certificates.h"

#include <pthread.h>
#include <stdlib.h>

#include "platform/memory.h"

struct verified {
    struct digest digest;
    int64_t not_before;
    int64_t not_after; /* before not_before: nothing is here */
};

struct verified_certificates {
    pthread_mutex_t mutex;
    struct verified places[VERIFIED_CERTIFICATES_MAX];
};

struct verified_certificates *verified_certificates_new(void)
{
    struct verified_certificates *cache = must_allocate(1, sizeof(*cache));

    (void)pthread_mutex_init(&cache->mutex, NULL);
    for (size_t i = 0; i < VERIFIED_CERTIFICATES_MAX; i++)
        cache->places[i].not_after = INT64_MIN;
    return cache;
}

void verified_certificates_free(struct verified_certificates *cache)
{
    if (cache == NULL)
        return;
    (void)pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

static struct verified *place_of(struct verified_certificates *cache, const struct digest *digest)
{
    size_t number = (size_t)digest->bytes[0] << 8 | digest->bytes[1];

    return &cache->places[number % VERIFIED_CERTIFICATES_MAX];
}

void verified_certificates_add(struct verified_certificates *cache, const struct digest *digest,
                               int64_t not_before, int64_t not_after)
{
    (void)pthread_mutex_lock(&cache->mutex);
    *place_of(cache, digest) = (struct verified){*digest, not_before, not_after};
    (void)pthread_mutex_unlock(&cache->mutex);
}

bool verified_certificates_has(struct verified_certificates *cache, const struct digest *digest,
                               int64_t now)
{
    const struct verified *place = place_of(cache, digest);
    bool has;

    (void)pthread_mutex_lock(&cache->mutex);
    has =
        digest_equal(&place->digest, digest) && now >= place->not_before && now <= place->not_after;
    (void)pthread_mutex_unlock(&cache->mutex);
    return has;
}
