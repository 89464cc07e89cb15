#include "collectors/firewall/network.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "platform/memory.h"
#include "platform/netlink.h"

#define LINK_ATTRIBUTES 64U

static bool is_name(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length < IFNAMSIZ && strpbrk(name, "/: \t\n\v\f\r") == NULL;
}

static void copy_kind(const struct netlink_attribute *information, char kind[IFNAMSIZ])
{
    struct netlink_attribute inner[IFLA_INFO_MAX + 1];
    const char *text;

    if (!netlink_attributes(information->bytes, information->length, inner, IFLA_INFO_MAX + 1))
        return;
    text = netlink_text(&inner[IFLA_INFO_KIND]);
    if (text != NULL && strlen(text) < IFNAMSIZ)
        memcpy(kind, text, strlen(text) + 1);
}

static int parse_link(const struct netlink_message *message, struct network *network,
                      struct error *err)
{
    struct netlink_attribute attributes[LINK_ATTRIBUTES];
    struct network_interface interface = {0};
    struct ifinfomsg header;
    const char *name;

    if (message->length < sizeof(header))
        return error_set(err, EBADMSG, "an interface is too short");
    memcpy(&header, message->payload, sizeof(header));
    if (!netlink_attributes(message->payload + sizeof(header), message->length - sizeof(header),
                            attributes, LINK_ATTRIBUTES))
        return error_set(err, EBADMSG, "an interface is damaged");
    name = netlink_text(&attributes[IFLA_IFNAME]);
    if (name == NULL || !is_name(name) || header.ifi_index <= 0)
        return error_set(err, EBADMSG, "an interface has no name");
    if (network->interface_count == INTERFACES_MAX)
        return error_set(err, EFBIG, "there are more than %u interfaces", INTERFACES_MAX);
    memcpy(interface.name, name, strlen(name) + 1);
    interface.index = (uint32_t)header.ifi_index;
    interface.type = header.ifi_type;
    interface.up = (header.ifi_flags & IFF_UP) != 0;
    interface.loopback = (header.ifi_flags & IFF_LOOPBACK) != 0;
    (void)netlink_u32(&attributes[IFLA_GROUP], &interface.group);
    (void)netlink_u32(&attributes[IFLA_MASTER], &interface.master);
    copy_kind(&attributes[IFLA_LINKINFO], interface.kind);
    network->interfaces =
        must_grow(network->interfaces, network->interface_count + 1, sizeof(interface));
    network->interfaces[network->interface_count++] = interface;
    return 0;
}

static size_t size_of_family(uint8_t family)
{
    return family == AF_INET ? 4 : 16;
}

static int parse_address(const struct netlink_message *message, struct network *network,
                         struct error *err)
{
    struct netlink_attribute attributes[IFA_MAX + 1], local;
    struct network_address address = {0};
    struct ifaddrmsg header;
    size_t size;

    if (message->length < sizeof(header))
        return error_set(err, EBADMSG, "an address is too short");
    memcpy(&header, message->payload, sizeof(header));
    if (header.ifa_family != AF_INET && header.ifa_family != AF_INET6)
        return 0;
    size = size_of_family(header.ifa_family);
    if (!netlink_attributes(message->payload + sizeof(header), message->length - sizeof(header),
                            attributes, IFA_MAX + 1))
        return error_set(err, EBADMSG, "an address is damaged");
    local = attributes[attributes[IFA_LOCAL].bytes == NULL ? IFA_ADDRESS : IFA_LOCAL];
    if (local.bytes == NULL || local.length != size || header.ifa_prefixlen > size * 8)
        return error_set(err, EBADMSG, "an address has no value");
    if (network->address_count == ADDRESSES_MAX)
        return error_set(err, EFBIG, "there are more than %u addresses", ADDRESSES_MAX);
    address.interface = header.ifa_index;
    address.family = header.ifa_family;
    address.prefix_length = header.ifa_prefixlen;
    memcpy(address.bytes, local.bytes, size);
    if (attributes[IFA_ADDRESS].bytes != NULL && attributes[IFA_ADDRESS].length == size) {
        memcpy(address.peer, attributes[IFA_ADDRESS].bytes, size);
        address.has_peer = memcmp(address.peer, address.bytes, size) != 0;
    }
    network->addresses = must_grow(network->addresses, network->address_count + 1, sizeof(address));
    network->addresses[network->address_count++] = address;
    return 0;
}

static int parse_dump(const void *bytes, size_t length, uint16_t type, struct network *network,
                      int (*parse)(const struct netlink_message *, struct network *,
                                   struct error *),
                      struct error *err)
{
    struct netlink_walk walk = netlink_walk(bytes, length);
    struct netlink_message message;

    while (netlink_next_message(&walk, &message)) {
        int r = message.type == type ? parse(&message, network, err) : 0;

        if (r < 0)
            return r;
    }
    return walk.broken ? error_set(err, EBADMSG, "the list of interfaces is cut off") : 0;
}

static int compare_interfaces(const void *left, const void *right)
{
    return strcmp(((const struct network_interface *)left)->name,
                  ((const struct network_interface *)right)->name);
}

static int compare_addresses(const void *left, const void *right)
{
    const struct network_address *first = left, *second = right;

    if (first->interface != second->interface)
        return first->interface < second->interface ? -1 : 1;
    if (first->family != second->family)
        return first->family < second->family ? -1 : 1;
    return memcmp(first->bytes, second->bytes, sizeof(first->bytes));
}

int network_parse(const void *links, size_t links_length, const void *addresses,
                  size_t addresses_length, struct network *ret_network, struct error *err)
{
    int r;

    *ret_network = (struct network){0};
    r = parse_dump(links, links_length, RTM_NEWLINK, ret_network, parse_link, err);
    if (r == 0)
        r = parse_dump(addresses, addresses_length, RTM_NEWADDR, ret_network, parse_address, err);
    if (r < 0)
        return r;
    if (ret_network->interface_count > 0)
        qsort(ret_network->interfaces, ret_network->interface_count,
              sizeof(*ret_network->interfaces), compare_interfaces);
    if (ret_network->address_count > 0)
        qsort(ret_network->addresses, ret_network->address_count, sizeof(*ret_network->addresses),
              compare_addresses);
    return 0;
}

void network_clear(struct network *network)
{
    free(network->interfaces);
    free(network->addresses);
    *network = (struct network){0};
}

const struct network_interface *network_by_index(const struct network *network, uint32_t index)
{
    for (size_t i = 0; i < network->interface_count; i++)
        if (network->interfaces[i].index == index)
            return &network->interfaces[i];
    return NULL;
}

bool network_receives(const struct network *network, const struct network_interface *interface)
{
    const struct network_interface *master =
        interface->master == 0 ? NULL : network_by_index(network, interface->master);

    if (!interface->up || interface->loopback)
        return false;
    /* A part of a VRF keeps its own addresses. */
    return interface->master == 0 || (master != NULL && strcmp(master->kind, "vrf") == 0);
}

bool address_is_loopback(uint8_t family, const uint8_t *bytes)
{
    static const uint8_t loopback[16] = {[15] = 1};

    return family == AF_INET ? bytes[0] == 127 : memcmp(bytes, loopback, sizeof(loopback)) == 0;
}

bool address_is_link_local(uint8_t family, const uint8_t *bytes)
{
    if (family == AF_INET)
        return bytes[0] == 169 && bytes[1] == 254;
    return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}
