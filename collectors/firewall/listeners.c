#include "collectors/firewall/listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "platform/memory.h"
#include "platform/netlink.h"

#define DIAG_ATTRIBUTES 32U

static void read_address(const struct inet_diag_msg *socket, struct listener *listener)
{
    struct in6_addr address;

    memcpy(&address, socket->id.idiag_src, sizeof(address));
    if (listener->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address)) {
        listener->family = AF_INET;
        memcpy(listener->address, &address.s6_addr[12], 4);
        return;
    }
    memcpy(listener->address, &address, listener->family == AF_INET ? 4 : 16);
}

static int parse_socket(const struct netlink_message *message, uint8_t protocol,
                        struct listener *ret_listener, struct error *err)
{
    struct netlink_attribute attributes[DIAG_ATTRIBUTES];
    const struct netlink_attribute *group = &attributes[INET_DIAG_CGROUP_ID];
    struct listener listener = {.protocol = protocol};
    struct inet_diag_msg socket;
    uint8_t only_ipv6 = 1;

    if (message->length < sizeof(socket))
        return error_set(err, EBADMSG, "a socket is too short");
    memcpy(&socket, message->payload, sizeof(socket));
    if (!netlink_attributes(message->payload + sizeof(socket), message->length - sizeof(socket),
                            attributes, DIAG_ATTRIBUTES) ||
        (socket.idiag_family != AF_INET && socket.idiag_family != AF_INET6))
        return error_set(err, EBADMSG, "a socket is damaged");
    listener.family = socket.idiag_family;
    listener.port = ntohs(socket.id.idiag_sport);
    listener.interface = socket.id.idiag_if;
    read_address(&socket, &listener);
    if (group->bytes != NULL && group->length == sizeof(listener.control_group))
        memcpy(&listener.control_group, group->bytes, sizeof(listener.control_group));
    /* A kernel that does not say it leaves the worse. */
    if (!netlink_u8(&attributes[INET_DIAG_SKV6ONLY], &only_ipv6))
        only_ipv6 = 0;
    listener.also_ipv4 =
        listener.family == AF_INET6 && only_ipv6 == 0 && listener_takes_any(&listener);
    *ret_listener = listener;
    return 0;
}

int listeners_parse(const void *bytes, size_t length, uint8_t protocol, struct listeners *listeners,
                    struct error *err)
{
    struct netlink_walk walk = netlink_walk(bytes, length);
    struct netlink_message message;

    while (netlink_next_message(&walk, &message)) {
        struct listener listener = {0};
        int r;

        if (message.type != SOCK_DIAG_BY_FAMILY)
            continue;
        r = parse_socket(&message, protocol, &listener, err);
        if (r < 0)
            return r;
        if (listener.port == 0)
            continue;
        if (listeners->count == LISTENERS_MAX)
            return error_set(err, EFBIG, "more than %u sockets listen", LISTENERS_MAX);
        listeners->items =
            must_grow(listeners->items, listeners->count + 1, sizeof(*listeners->items));
        listeners->items[listeners->count++] = listener;
    }
    return walk.broken ? error_set(err, EBADMSG, "the list of sockets is cut off") : 0;
}

void listeners_clear(struct listeners *listeners)
{
    free(listeners->items);
    *listeners = (struct listeners){0};
}

bool listener_takes_any(const struct listener *listener)
{
    static const uint8_t any[16];

    return memcmp(listener->address, any, sizeof(any)) == 0;
}
