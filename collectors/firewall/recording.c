#include "collectors/firewall/recording.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/collector.h"
#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/netlink.h"
#include "platform/sysroot.h"

#define TRIES              3
#define NETWORK_MAX_SIZE   (8U * 1024U * 1024U)
#define SOCKETS_MAX_SIZE   (8U * 1024U * 1024U)
#define LEGACY_MAX_SIZE    4096U
#define IPV4_LEGACY_TABLES "/proc/net/ip_tables_names"
#define IPV6_LEGACY_TABLES "/proc/net/ip6_tables_names"
#define OUR_NAMESPACE      "/proc/self/ns/net"
#define FIRST_NAMESPACE    "/proc/1/ns/net"

static const struct nfgenmsg all_families = {.version = NFNETLINK_V0};

static uint16_t nf_tables_message(unsigned kind)
{
    return (uint16_t)(((unsigned)NFNL_SUBSYS_NFTABLES << 8) | kind);
}

/* The request for the elements of a set, from the message that describes it. */
static bool elements_request(const struct netlink_message *message, struct text *request)
{
    struct netlink_attribute attributes[NFTA_SET_MAX + 1];
    const char *table, *name;
    struct nfgenmsg header;

    if (message->length < sizeof(header) ||
        !netlink_attributes(message->payload + sizeof(header), message->length - sizeof(header),
                            attributes, NFTA_SET_MAX + 1))
        return false;
    memcpy(&header, message->payload, sizeof(header));
    table = netlink_text(&attributes[NFTA_SET_TABLE]);
    name = netlink_text(&attributes[NFTA_SET_NAME]);
    if (table == NULL || name == NULL)
        return false;
    header.version = NFNETLINK_V0;
    header.res_id = 0;
    text_add(request, &header, sizeof(header));
    netlink_add_attribute(request, NFTA_SET_ELEM_LIST_TABLE, table, strlen(table) + 1);
    netlink_add_attribute(request, NFTA_SET_ELEM_LIST_SET, name, strlen(name) + 1);
    return true;
}

/* A set that is too large is left out, and its content stays unknown. */
static int take_elements(const struct netlink_message *set, struct text *out, struct error *err)
{
    AUTO(text_clear) struct text request = {0};
    AUTO_CLOSE int fd = -1;
    struct netlink_request get = {.type = nf_tables_message(NFT_MSG_GETSETELEM)};
    int r;

    if (!elements_request(set, &request))
        return error_set(err, EBADMSG, "a set has no name");
    fd = netlink_open(NETLINK_NETFILTER, err);
    if (fd < 0)
        return fd;
    get.payload = request.bytes;
    get.length = request.length;
    r = netlink_dump(fd, &get, SET_MAX_SIZE, out, err);
    if (r == -ENOENT) /* it went away since we saw its name */
        return error_set(err, EAGAIN, "the ruleset changed while we looked");
    return r == -EFBIG ? 0 : r;
}

static int take_all_elements(const struct text *sets, struct text *out, struct error *err)
{
    struct netlink_walk walk = netlink_walk(sets->bytes, sets->length);
    struct netlink_message message;

    while (netlink_next_message(&walk, &message)) {
        int r = take_elements(&message, out, err);

        if (r < 0)
            return r;
        if (out->length > RULESET_MAX_SIZE)
            return error_set(err, EFBIG, "the ruleset is longer than %u bytes", RULESET_MAX_SIZE);
    }
    return 0;
}

static int dump_nf_tables(int fd, unsigned kind, struct text *out, struct error *err)
{
    const struct netlink_request request = {nf_tables_message(kind), &all_families,
                                            sizeof(all_families)};

    if (out->length >= RULESET_MAX_SIZE)
        return error_set(err, EFBIG, "the ruleset is longer than %u bytes", RULESET_MAX_SIZE);
    return netlink_dump(fd, &request, RULESET_MAX_SIZE - out->length, out, err);
}

static int dump_ruleset(int fd, struct text *out, struct error *err)
{
    static const unsigned kinds[] = {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE};
    AUTO(text_clear) struct text sets = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof(kinds) / sizeof(*kinds); i++)
        r = dump_nf_tables(fd, kinds[i], out, err);
    if (r == 0)
        r = dump_nf_tables(fd, NFT_MSG_GETSET, &sets, err);
    if (r < 0)
        return r;
    text_add(out, sets.bytes, sets.length);
    return take_all_elements(&sets, out, err);
}

static int get_generation(int fd, struct text *out, struct error *err)
{
    const struct netlink_request request = {nf_tables_message(NFT_MSG_GETGEN), &all_families,
                                            sizeof(all_families)};
    int r = netlink_get(fd, &request, out, err);

    /* The kernel's words for not having nf_tables. */
    if (r == -EINVAL || r == -EOPNOTSUPP || r == -EPROTONOSUPPORT)
        return -ENOENT;
    return r;
}

/* The generation number before and after must be the same, or it is not one ruleset. */
static int try_ruleset(struct text *out, struct error *err)
{
    AUTO(text_clear) struct text before = {0};
    AUTO(text_clear) struct text after = {0};
    AUTO_CLOSE int fd = netlink_open(NETLINK_NETFILTER, err);
    int r;

    if (fd < 0)
        return fd == -EPROTONOSUPPORT ? -ENOENT : fd;
    r = get_generation(fd, &before, err);
    if (r == 0)
        r = dump_ruleset(fd, out, err);
    if (r == 0)
        r = get_generation(fd, &after, err);
    if (r < 0)
        return r;
    if (before.length != after.length ||
        memcmp(text_string(&before), text_string(&after), after.length) != 0)
        return error_set(err, EAGAIN, "the ruleset changed while we looked");
    return 0;
}

static int take_ruleset(struct text *out)
{
    int r = -EAGAIN;

    for (int i = 0; i < TRIES && r == -EAGAIN; i++) {
        text_truncate(out, 0);
        r = try_ruleset(out, NULL);
    }
    if (r < 0)
        text_truncate(out, 0);
    return r;
}

/* Only looks at the list: asking the kernel for a table that is not in it would create it. */
static int take_legacy_tables(const struct sysroot *root, struct text *out)
{
    static const char *const lists[] = {IPV4_LEGACY_TABLES, IPV6_LEGACY_TABLES};

    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        int r = sysroot_read(root, lists[i], LEGACY_MAX_SIZE, out, NULL);

        if (r < 0 && r != -ENOENT)
            return r;
    }
    return 0;
}

static int take_route_dump(const struct netlink_request *request, struct text *out)
{
    int r = -EAGAIN;

    for (int i = 0; i < TRIES && r == -EAGAIN; i++) {
        AUTO_CLOSE int fd = netlink_open(NETLINK_ROUTE, NULL);

        r = fd < 0 ? fd : netlink_dump(fd, request, NETWORK_MAX_SIZE, out, NULL);
    }
    return r;
}

static int take_network(struct recording *recording)
{
    static const struct ifinfomsg any_link;
    static const struct ifaddrmsg any_address;
    static const struct netlink_request links = {RTM_GETLINK, &any_link, sizeof(any_link)};
    static const struct netlink_request addresses = {RTM_GETADDR, &any_address,
                                                     sizeof(any_address)};
    int r = take_route_dump(&links, &recording->links);

    return r < 0 ? r : take_route_dump(&addresses, &recording->addresses);
}

static enum network_namespace find_namespace(const struct sysroot *root)
{
    AUTO_FREE char *ours = NULL;
    AUTO_FREE char *first = NULL;

    if (sysroot_read_link(root, OUR_NAMESPACE, &ours, NULL) < 0 ||
        sysroot_read_link(root, FIRST_NAMESPACE, &first, NULL) < 0)
        return NAMESPACE_UNKNOWN;
    return strcmp(ours, first) == 0 ? NAMESPACE_OF_THE_MACHINE : NAMESPACE_OTHER;
}

static int take_socket_dump(uint8_t family, uint8_t protocol, struct text *out)
{
    /* Of UDP, those that are not connected to someone. */
    const struct inet_diag_req_v2 wanted = {
        .sdiag_family = family,
        .sdiag_protocol = protocol,
        .idiag_states = 1U << (protocol == IPPROTO_TCP ? TCP_LISTEN : TCP_CLOSE),
    };
    const struct netlink_request request = {SOCK_DIAG_BY_FAMILY, &wanted, sizeof(wanted)};
    AUTO_CLOSE int fd = netlink_open(NETLINK_SOCK_DIAG, NULL);
    int r;

    if (fd < 0)
        return fd;
    r = netlink_dump(fd, &request, SOCKETS_MAX_SIZE, out, NULL);
    return r == -ENOENT && family == AF_INET6 ? 0 : r; /* a kernel without IPv6 */
}

static int take_sockets(struct recording *recording)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof(families); i++) {
        r = take_socket_dump(families[i], IPPROTO_TCP, &recording->tcp);
        if (r == 0)
            r = take_socket_dump(families[i], IPPROTO_UDP, &recording->udp);
    }
    return r;
}

struct recording *recording_take(const struct machine *machine)
{
    struct recording *recording = must_allocate(1, sizeof(*recording));

    recording->ruleset_result = take_ruleset(&recording->ruleset);
    recording->legacy_result = take_legacy_tables(machine->root, &recording->legacy_tables);
    recording->network_result = take_network(recording);
    recording->name_space = find_namespace(machine->root);
    recording->sockets_result = take_sockets(recording);
    return recording;
}

void recording_free(struct recording *recording)
{
    if (recording == NULL)
        return;
    text_clear(&recording->ruleset);
    text_clear(&recording->legacy_tables);
    text_clear(&recording->links);
    text_clear(&recording->addresses);
    text_clear(&recording->tcp);
    text_clear(&recording->udp);
    free(recording);
}
