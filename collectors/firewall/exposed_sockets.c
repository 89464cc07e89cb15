#include "collectors/firewall/exposed_sockets.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "platform/memory.h"

static bool is_on_loopback(const struct listener *listener, const struct network *network)
{
    const struct network_interface *interface = network_by_index(network, listener->interface);

    return address_is_loopback(listener->family, listener->address) ||
           (interface != NULL && interface->loopback);
}

static bool is_reported(const struct exposed_socket *socket, uint16_t ephemeral_from)
{
    if (socket->port < ephemeral_from)
        return true;
    return socket->protocol == IPPROTO_TCP && socket->bind != BIND_LOOPBACK;
}

static bool has_address(const struct network *network, const struct network_interface *interface,
                        const struct listener *listener)
{
    for (size_t i = 0; i < network->address_count; i++)
        if (network->addresses[i].interface == interface->index &&
            network->addresses[i].family == listener->family &&
            memcmp(network->addresses[i].bytes, listener->address, sizeof(listener->address)) == 0)
            return true;
    return false;
}

/* A listener, one of the families that it takes, and who is asking. */
struct request {
    const struct listener *listener;
    const struct network *network;
    struct exposure *exposure;
    int family;
    enum sender sender;
};

static int worst_of_interfaces(const struct request *request, struct inbound_result *result,
                               struct error *err)
{
    const struct listener *listener = request->listener;
    struct exposure_port port = {.protocol = listener->protocol, .port = listener->port};

    if (!listener_takes_any(listener))
        port.address = listener->address;
    for (size_t i = 0; i < request->network->interface_count; i++) {
        const struct network_interface *interface = &request->network->interfaces[i];
        struct incoming incoming = {interface, request->family, request->sender};
        struct inbound_result answer;
        int r;

        if (!network_receives(request->network, interface) ||
            (listener->interface != 0 && listener->interface != interface->index))
            continue;
        r = exposure_of_port(request->exposure, &incoming, &port, &answer, err);
        if (r < 0)
            return r;
        inbound_worsen(result, answer);
    }
    return 0;
}

/* An address that no interface with a network has: reachable, but we cannot tell on which way. */
static bool is_elsewhere(const struct listener *listener, const struct network *network)
{
    if (listener_takes_any(listener))
        return false;
    for (size_t i = 0; i < network->interface_count; i++)
        if (network_receives(network, &network->interfaces[i]) &&
            has_address(network, &network->interfaces[i], listener))
            return false;
    return true;
}

static int find_results(const struct listener *listener, const struct network *network,
                        struct exposure *exposure, struct exposed_socket *socket, struct error *err)
{
    struct request request = {.listener = listener, .network = network, .exposure = exposure};

    for (int sender = 0; sender < SENDER_COUNT; sender++) {
        int r = 0;

        request.sender = (enum sender)sender;
        if (is_elsewhere(listener, network)) {
            inbound_worsen(&socket->results[sender],
                           (struct inbound_result){true, INBOUND_CONDITIONAL});
            continue;
        }
        if (listener->family == AF_INET || listener->also_ipv4) {
            request.family = FAMILY_IPV4;
            r = worst_of_interfaces(&request, &socket->results[sender], err);
        }
        if (r == 0 && listener->family == AF_INET6) {
            request.family = FAMILY_IPV6;
            r = worst_of_interfaces(&request, &socket->results[sender], err);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

static enum socket_family family_of(const struct listener *listener)
{
    if (listener->family == AF_INET)
        return SOCKET_IPV4;
    return listener->also_ipv4 ? SOCKET_BOTH : SOCKET_IPV6;
}

static enum socket_bind bind_of(const struct listener *listener, const struct network *network)
{
    if (is_on_loopback(listener, network))
        return BIND_LOOPBACK;
    return listener_takes_any(listener) ? BIND_ANY : BIND_ADDRESS;
}

static int compare_numbers(uint64_t left, uint64_t right)
{
    return (left > right) - (left < right);
}

/* What can be reached comes first, so that a limit on lists drops what matters least. */
static int compare_sockets(const void *left, const void *right)
{
    const struct exposed_socket *first = left, *second = right;
    int order = compare_numbers(first->bind, second->bind);

    if (order == 0)
        order = compare_numbers(first->protocol, second->protocol);
    if (order == 0)
        order = compare_numbers(first->port, second->port);
    if (order == 0)
        order = compare_numbers(first->family, second->family);
    return order != 0 ? order : compare_numbers(first->control_group, second->control_group);
}

static void merge_alike(struct exposed_sockets *sockets)
{
    size_t kept = 0;

    if (sockets->count == 0)
        return;
    qsort(sockets->items, sockets->count, sizeof(*sockets->items), compare_sockets);
    for (size_t i = 1; i < sockets->count; i++) {
        if (compare_sockets(&sockets->items[kept], &sockets->items[i]) != 0) {
            sockets->items[++kept] = sockets->items[i];
            continue;
        }
        for (int sender = 0; sender < SENDER_COUNT; sender++)
            inbound_worsen(&sockets->items[kept].results[sender],
                           sockets->items[i].results[sender]);
    }
    sockets->count = kept + 1;
}

int exposed_sockets_find(const struct listeners *listeners, const struct network *network,
                         struct exposure *exposure, uint16_t ephemeral_from,
                         struct exposed_sockets *ret_sockets, struct error *err)
{
    *ret_sockets = (struct exposed_sockets){
        .items = must_allocate(listeners->count + 1, sizeof(struct exposed_socket)),
    };
    for (size_t i = 0; i < listeners->count; i++) {
        const struct listener *listener = &listeners->items[i];
        struct exposed_socket socket = {
            .bind = bind_of(listener, network),
            .protocol = listener->protocol,
            .port = listener->port,
            .family = family_of(listener),
            .control_group = listener->control_group,
        };
        int r = 0;

        if (!is_reported(&socket, ephemeral_from))
            continue;
        if (exposure != NULL && socket.bind != BIND_LOOPBACK)
            r = find_results(listener, network, exposure, &socket, err);
        if (r < 0)
            return r;
        ret_sockets->items[ret_sockets->count++] = socket;
    }
    merge_alike(ret_sockets);
    return 0;
}

void exposed_sockets_clear(struct exposed_sockets *sockets)
{
    free(sockets->items);
    *sockets = (struct exposed_sockets){0};
}
