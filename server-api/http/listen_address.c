#include "server-api/http/listen_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/number.h"

#define BACKLOG 512

static int malformed(const char *text, struct error *err)
{
    return error_set(err, EINVAL,
                     "\"%.80s\" is no address to listen on; write 192.0.2.1:8443 or [::]:8443",
                     text);
}

static bool fill_address(const char *address, uint16_t port, struct sockaddr_storage *storage,
                         socklen_t *ret_length)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    size_t length = strlen(address);

    memset(storage, 0, sizeof(*storage));
    if (inet_pton(AF_INET, address, &ipv4.sin_addr) == 1) {
        memcpy(storage, &ipv4, sizeof(ipv4));
        *ret_length = sizeof(ipv4);
        return true;
    }
    if (length > 2 && address[0] == '[' && address[length - 1] == ']') {
        AUTO_FREE char *inside = must_copy_text(address + 1, length - 2);

        if (inet_pton(AF_INET6, inside, &ipv6.sin6_addr) != 1)
            return false;
        memcpy(storage, &ipv6, sizeof(ipv6));
        *ret_length = sizeof(ipv6);
        return true;
    }
    return false;
}

int listen_address_parse(const char *text, struct sockaddr_storage *ret_address,
                         socklen_t *ret_length, struct error *err)
{
    const char *colon = strrchr(text, ':');
    AUTO_FREE char *address = NULL;
    uint64_t port;

    if (colon == NULL || !number_parse(colon + 1, strlen(colon + 1), UINT16_MAX, &port))
        return malformed(text, err);
    address = must_copy_text(text, (size_t)(colon - text));
    if (!fill_address(address, (uint16_t)port, ret_address, ret_length))
        return malformed(text, err);
    return 0;
}

static int failed(const char *text, const char *what, struct error *err)
{
    return error_set(err, errno, "cannot %s %s: %s", what, text, strerror(errno));
}

int listen_address_open(const char *text, int *ret_socket, struct error *err)
{
    struct sockaddr_storage address = {0};
    socklen_t length = 0;
    const int yes = 1;
    int listening, r = listen_address_parse(text, &address, &length, err);

    if (r < 0)
        return r;
    listening = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listening < 0)
        return failed(text, "make a socket for", err);
    /* Else a restart would have to wait for connections of the one before. */
    if (setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
        bind(listening, (const struct sockaddr *)&address, length) < 0 ||
        listen(listening, BACKLOG) < 0) {
        r = failed(text, "listen on", err);
        (void)close(listening);
        return r;
    }
    *ret_socket = listening;
    return 0;
}

uint16_t listen_address_port(int listening)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in6 ipv6;
    socklen_t length = sizeof(address);

    if (getsockname(listening, (struct sockaddr *)&address, &length) < 0)
        return 0;
    memcpy(&ipv6, &address, sizeof(ipv6)); /* the port is at the same place in both */
    return ntohs(ipv6.sin6_port);
}
