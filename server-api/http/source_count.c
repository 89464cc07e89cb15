#include "server-api/http/source_count.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/memory.h"

#define KEY_SIZE         8U
#define IPV6_PREFIX_SIZE 7U /* bytes of a /56 */

struct source {
    uint8_t key[KEY_SIZE];
    unsigned connections; /* at least 1 */
};

/* A plain array: looking through all of it costs a hundredth of the handshake that follows. */
struct source_count {
    pthread_mutex_t mutex;
    unsigned total;
    size_t source_count;
    struct source sources[TOTAL_CONNECTIONS_MAX];
};

struct source_count *source_count_new(void)
{
    struct source_count *count = must_allocate(1, sizeof(*count));

    (void)pthread_mutex_init(&count->mutex, NULL);
    return count;
}

void source_count_free(struct source_count *count)
{
    if (count == NULL)
        return;
    (void)pthread_mutex_destroy(&count->mutex);
    free(count);
}

static struct in6_addr ipv6_of(const struct sockaddr *address)
{
    struct sockaddr_in6 whole;

    memcpy(&whole, address, sizeof(whole));
    return whole.sin6_addr;
}

static uint32_t ipv4_of(const struct sockaddr *address)
{
    struct sockaddr_in whole;

    memcpy(&whole, address, sizeof(whole));
    return ntohl(whole.sin_addr.s_addr);
}

bool source_is_loopback(const struct sockaddr *address)
{
    struct in6_addr ipv6;

    if (address->sa_family == AF_INET)
        return ipv4_of(address) >> 24 == 127;
    if (address->sa_family != AF_INET6)
        return false;
    ipv6 = ipv6_of(address);
    return IN6_IS_ADDR_LOOPBACK(&ipv6) || (IN6_IS_ADDR_V4MAPPED(&ipv6) && ipv6.s6_addr[12] == 127);
}

static void key_of(const struct sockaddr *address, uint8_t ret_key[KEY_SIZE])
{
    memset(ret_key, 0, KEY_SIZE);
    if (address->sa_family == AF_INET6) {
        struct in6_addr ipv6 = ipv6_of(address);

        if (!IN6_IS_ADDR_V4MAPPED(&ipv6)) {
            ret_key[0] = 6;
            memcpy(ret_key + 1, ipv6.s6_addr, IPV6_PREFIX_SIZE);
            return;
        }
        memcpy(ret_key + 1, ipv6.s6_addr + 12, 4);
    } else {
        uint32_t ipv4 = ipv4_of(address);

        for (unsigned i = 0; i < 4; i++)
            ret_key[1 + i] = (uint8_t)(ipv4 >> (24 - 8 * i) & 0xff);
    }
    ret_key[0] = 4;
}

static struct source *find(struct source_count *count, const uint8_t key[KEY_SIZE])
{
    for (size_t i = 0; i < count->source_count; i++)
        if (memcmp(count->sources[i].key, key, KEY_SIZE) == 0)
            return &count->sources[i];
    return NULL;
}

static bool add_locked(struct source_count *count, const struct sockaddr *address)
{
    uint8_t key[KEY_SIZE];
    struct source *source;

    if (count->total >= TOTAL_CONNECTIONS_MAX)
        return false;
    if (!source_is_loopback(address)) {
        key_of(address, key);
        source = find(count, key);
        if (source != NULL && source->connections >= SOURCE_CONNECTIONS_MAX)
            return false;
        if (source == NULL) {
            source = &count->sources[count->source_count++];
            *source = (struct source){0};
            memcpy(source->key, key, KEY_SIZE);
        }
        source->connections++;
    }
    count->total++;
    return true;
}

bool source_count_add(struct source_count *count, const struct sockaddr *address)
{
    bool added;

    (void)pthread_mutex_lock(&count->mutex);
    added = add_locked(count, address);
    (void)pthread_mutex_unlock(&count->mutex);
    return added;
}

static void remove_locked(struct source_count *count, const struct sockaddr *address)
{
    uint8_t key[KEY_SIZE];
    struct source *source;

    count->total--;
    if (source_is_loopback(address))
        return;
    key_of(address, key);
    source = find(count, key);
    if (source != NULL && --source->connections == 0)
        *source = count->sources[--count->source_count];
}

void source_count_remove(struct source_count *count, const struct sockaddr *address)
{
    (void)pthread_mutex_lock(&count->mutex);
    remove_locked(count, address);
    (void)pthread_mutex_unlock(&count->mutex);
}

unsigned source_count_total(struct source_count *count)
{
    unsigned total;

    (void)pthread_mutex_lock(&count->mutex);
    total = count->total;
    (void)pthread_mutex_unlock(&count->mutex);
    return total;
}
