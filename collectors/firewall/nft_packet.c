#include "collectors/firewall/nft_packet.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <string.h>

/* ---- meta: what the kernel knows beside the packet itself. */

static enum nft_match set_meta(struct nft_evaluation *evaluation, uint32_t key,
                               const struct netlink_attribute *source)
{
    const struct nft_register_file *registers = &evaluation->registers;
    uint32_t mark = 0;
    uint64_t mask;
    size_t offset;

    if (key == NFT_META_PKTTYPE)
        evaluation->packet_type_known = false;
    if (key != NFT_META_MARK)
        return NFT_MATCH_YES;
    if (!nft_register(source, sizeof(mark), &offset)) {
        nft_change_mark(evaluation, false, 0);
        return NFT_MATCH_YES;
    }
    mask = nft_byte_mask(offset, sizeof(mark));
    memcpy(&mark, registers->bytes + offset, sizeof(mark));
    nft_change_mark(evaluation, (registers->known & mask) == mask, mark);
    return NFT_MATCH_YES;
}

static enum nft_match load_interface(struct nft_evaluation *evaluation, uint32_t key,
                                     const struct netlink_attribute *target)
{
    static const char no_name[IFNAMSIZ];
    static const uint32_t no_index;
    const struct nft_probe *probe = evaluation->probe;

    switch (key) {
    case NFT_META_IIF:
        return nft_load(evaluation, target, &probe->interface_index, sizeof(uint32_t));
    case NFT_META_IIFNAME:
        return nft_load(evaluation, target, probe->interface_name, IFNAMSIZ);
    case NFT_META_IIFTYPE:
        return nft_load(evaluation, target, &probe->interface_type, sizeof(uint16_t));
    case NFT_META_IIFGROUP:
        return nft_load(evaluation, target, &probe->interface_group, sizeof(uint32_t));
    case NFT_META_IIFKIND:
        return nft_load(evaluation, target, probe->interface_kind, IFNAMSIZ);
    case NFT_META_OIF: /* nothing goes out on the way in */
        return nft_load(evaluation, target, &no_index, sizeof(no_index));
    case NFT_META_OIFNAME:
        return nft_load(evaluation, target, no_name, sizeof(no_name));
    default:
        return nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
    }
}

static enum nft_match load_meta(struct nft_evaluation *evaluation, uint32_t key,
                                const struct netlink_attribute *target)
{
    const struct nft_probe *probe = evaluation->probe;
    const uint16_t protocol = htons(probe->family == NFPROTO_IPV4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);
    static const uint8_t to_this_machine; /* PACKET_HOST */

    switch (key) {
    case NFT_META_L4PROTO:
        return nft_load(evaluation, target, &probe->protocol, 1);
    case NFT_META_NFPROTO:
        return nft_load(evaluation, target, &probe->family, 1);
    case NFT_META_PROTOCOL:
        return nft_load(evaluation, target, &protocol, sizeof(protocol));
    case NFT_META_PKTTYPE:
        if (evaluation->packet_type_known)
            return nft_load(evaluation, target, &to_this_machine, 1);
        return nft_load_unknown(evaluation, target, 1);
    case NFT_META_MARK:
        if (evaluation->mark_known)
            return nft_load(evaluation, target, &evaluation->mark, sizeof(uint32_t));
        return nft_load_unknown(evaluation, target, sizeof(uint32_t));
    default:
        return load_interface(evaluation, key, target);
    }
}

enum nft_match nft_meta(struct nft_evaluation *evaluation,
                        const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    uint32_t key;

    if (!netlink_big_endian_u32(&attributes[NFTA_META_KEY], &key))
        key = UINT32_MAX;
    if (attributes[NFTA_META_DREG].bytes == NULL)
        return set_meta(evaluation, key, &attributes[NFTA_META_SREG]);
    return load_meta(evaluation, key, &attributes[NFTA_META_DREG]);
}

/* ---- payload: the bytes of the packet. */

/* A header with one bit in known for each byte that we can tell. */
struct header {
    uint8_t bytes[NFT_REGISTER_BYTES];
    uint64_t known;
    size_t length;
};

static void put(struct header *header, size_t offset, const void *bytes, size_t length)
{
    memcpy(header->bytes + offset, bytes, length);
    header->known |= nft_byte_mask(offset, length);
}

#define IPV4_PROTOCOL    9U
#define IPV4_SOURCE      12U
#define IPV4_DESTINATION 16U
#define IPV6_NEXT_HEADER 6U
#define IPV6_SOURCE      8U
#define IPV6_DESTINATION 24U

static void build_network_header(const struct nft_probe *probe, struct header *header)
{
    if (probe->family == NFPROTO_IPV4) {
        put(header, 0, "\x45", 1);
        put(header, IPV4_PROTOCOL, &probe->protocol, 1);
        put(header, IPV4_SOURCE, probe->source, 4);
        put(header, IPV4_DESTINATION, probe->destination, 4);
    } else {
        put(header, IPV6_NEXT_HEADER, &probe->protocol, 1);
        put(header, IPV6_SOURCE, probe->source, 16);
        put(header, IPV6_DESTINATION, probe->destination, 16);
    }
}

#define PORT_OFFSET      2U
#define TCP_FLAGS_OFFSET 13U

static void build_transport_header(const struct nft_probe *probe, struct header *header)
{
    const uint16_t port = htons(probe->port);

    put(header, PORT_OFFSET, &port, sizeof(port));
    if (probe->protocol == IPPROTO_TCP)
        put(header, TCP_FLAGS_OFFSET, "\x02", 1); /* SYN alone */
}

/* Remembers which addresses an answer rests on. */
static void note_addresses(struct nft_evaluation *evaluation, size_t offset, size_t length)
{
    bool ipv4 = evaluation->probe->family == NFPROTO_IPV4;
    size_t source = ipv4 ? IPV4_SOURCE : IPV6_SOURCE;
    size_t destination = ipv4 ? IPV4_DESTINATION : IPV6_DESTINATION;
    size_t size = ipv4 ? 4 : 16;

    if (offset < source + size && offset + length > source)
        evaluation->answer->read_source = true;
    if (offset < destination + size && offset + length > destination)
        evaluation->answer->read_destination = true;
}

static enum nft_match load_header(struct nft_evaluation *evaluation, const struct header *header,
                                  size_t from, size_t length,
                                  const struct netlink_attribute *target)
{
    struct nft_register_file *registers = &evaluation->registers;
    size_t offset;

    if (length == 0 || length > NFT_REGISTER_BYTES || from > NFT_REGISTER_BYTES - length ||
        !nft_register(target, length, &offset))
        return nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
    (void)nft_load(evaluation, target, header->bytes + from, length);
    registers->known &= ~(nft_byte_mask(offset, length) & ~((header->known >> from) << offset));
    return NFT_MATCH_YES;
}

static void note_port(struct nft_evaluation *evaluation, size_t from, size_t length,
                      const struct netlink_attribute *target)
{
    size_t offset;

    if (from <= PORT_OFFSET + 1 && from + length > PORT_OFFSET &&
        nft_register(target, length, &offset))
        evaluation->registers.port |= nft_byte_mask(offset, length);
}

enum nft_match nft_payload(struct nft_evaluation *evaluation,
                           const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    const struct netlink_attribute *target = &attributes[NFTA_PAYLOAD_DREG];
    struct header header = {0};
    uint32_t base, from, length;

    if (target->bytes == NULL) { /* it writes into the packet */
        evaluation->redirected = true;
        return NFT_MATCH_YES;
    }
    if (!netlink_big_endian_u32(&attributes[NFTA_PAYLOAD_BASE], &base) ||
        !netlink_big_endian_u32(&attributes[NFTA_PAYLOAD_OFFSET], &from) ||
        !netlink_big_endian_u32(&attributes[NFTA_PAYLOAD_LEN], &length) ||
        length > NFT_REGISTER_BYTES || from > NFT_REGISTER_BYTES)
        return nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
    if (base == NFT_PAYLOAD_NETWORK_HEADER) {
        build_network_header(evaluation->probe, &header);
        note_addresses(evaluation, from, length);
    } else if (base == NFT_PAYLOAD_TRANSPORT_HEADER) {
        build_transport_header(evaluation->probe, &header);
    }
    (void)load_header(evaluation, &header, from, length, target);
    if (base == NFT_PAYLOAD_TRANSPORT_HEADER)
        note_port(evaluation, from, length, target);
    return NFT_MATCH_YES;
}

/* ---- ct: what connection tracking says about the first packet of a connection. */

#define STATE_INVALID   1U
#define STATE_NEW       8U
#define STATE_UNTRACKED 64U

static enum nft_match load_state(struct nft_evaluation *evaluation,
                                 const struct netlink_attribute *target)
{
    static const uint32_t states[] = {
        [NFT_TRACKING_BEFORE] = STATE_INVALID,
        [NFT_TRACKED] = STATE_NEW,
        [NFT_UNTRACKED] = STATE_UNTRACKED,
    };

    if (evaluation->tracking == NFT_TRACKING_UNKNOWN)
        return nft_load_unknown(evaluation, target, sizeof(*states));
    return nft_load(evaluation, target, &states[evaluation->tracking], sizeof(*states));
}

/* Nothing of its status is set yet, but that address translation was considered may be. */
static enum nft_match load_status(struct nft_evaluation *evaluation,
                                  const struct netlink_attribute *target)
{
    const uint32_t may_be_set = IPS_DST_NAT_DONE;
    static const uint32_t none;
    uint8_t unsure[sizeof(may_be_set)];
    size_t offset;

    if (evaluation->redirected || !nft_register(target, sizeof(none), &offset))
        return nft_load_unknown(evaluation, target, sizeof(none));
    (void)nft_load(evaluation, target, &none, sizeof(none));
    memcpy(unsure, &may_be_set, sizeof(unsure));
    for (size_t i = 0; i < sizeof(unsure); i++)
        if (unsure[i] != 0)
            evaluation->registers.known &= ~nft_byte_mask(offset + i, 1);
    return NFT_MATCH_YES;
}

static enum nft_match load_tuple(struct nft_evaluation *evaluation, uint32_t key,
                                 const struct netlink_attribute *target)
{
    const struct nft_probe *probe = evaluation->probe;
    const uint16_t port = htons(probe->port);
    size_t offset;

    switch (key) {
    case NFT_CT_L3PROTOCOL:
        return nft_load(evaluation, target, &probe->family, 1);
    case NFT_CT_PROTOCOL:
        return nft_load(evaluation, target, &probe->protocol, 1);
    case NFT_CT_PROTO_DST:
        (void)nft_load(evaluation, target, &port, sizeof(port));
        if (nft_register(target, sizeof(port), &offset))
            evaluation->registers.port |= nft_byte_mask(offset, sizeof(port));
        return NFT_MATCH_YES;
    default:
        return nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
    }
}

static enum nft_match load_connection(struct nft_evaluation *evaluation, uint32_t key,
                                      bool original, const struct netlink_attribute *target)
{
    static const uint32_t no_mark;
    static const uint8_t first_way;

    if (key == NFT_CT_STATE)
        return load_state(evaluation, target);
    if (evaluation->tracking != NFT_TRACKED) {
        /* Without a connection these do not match, but that depends on the kernel's version. */
        (void)nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
        return NFT_MATCH_MAYBE;
    }
    switch (key) {
    case NFT_CT_STATUS:
        return load_status(evaluation, target);
    case NFT_CT_DIRECTION:
        return nft_load(evaluation, target, &first_way, sizeof(first_way));
    case NFT_CT_MARK:
        if (evaluation->connection_mark_known)
            return nft_load(evaluation, target, &no_mark, sizeof(no_mark));
        return nft_load_unknown(evaluation, target, sizeof(no_mark));
    default:
        if (original)
            return load_tuple(evaluation, key, target);
        return nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
    }
}

enum nft_match nft_connection(struct nft_evaluation *evaluation,
                              const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    uint32_t key;
    uint8_t direction;
    bool original = netlink_u8(&attributes[NFTA_CT_DIRECTION], &direction) && direction == 0;

    if (!netlink_big_endian_u32(&attributes[NFTA_CT_KEY], &key))
        key = UINT32_MAX;
    if (attributes[NFTA_CT_DREG].bytes != NULL)
        return load_connection(evaluation, key, original, &attributes[NFTA_CT_DREG]);
    if (key == NFT_CT_MARK)
        evaluation->connection_mark_known = false;
    return NFT_MATCH_YES;
}

/* ---- fib: what the routing table says about an address. */

static enum nft_match load_source_route(struct nft_evaluation *evaluation, uint32_t result,
                                        uint32_t flags, const struct netlink_attribute *target)
{
    const struct nft_probe *probe = evaluation->probe;
    static const uint32_t unicast = RTN_UNICAST, present = 1;

    /* A sender takes care that its address leads back where it comes from. */
    if (result == NFT_FIB_RESULT_ADDRTYPE)
        return nft_load(evaluation, target, &unicast, sizeof(unicast));
    if ((flags & NFTA_FIB_F_PRESENT) != 0)
        return nft_load(evaluation, target, &present, sizeof(present));
    if (result == NFT_FIB_RESULT_OIF)
        return nft_load(evaluation, target, &probe->interface_index, sizeof(uint32_t));
    if (result == NFT_FIB_RESULT_OIFNAME)
        return nft_load(evaluation, target, probe->interface_name, IFNAMSIZ);
    return nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
}

enum nft_match nft_fib(struct nft_evaluation *evaluation,
                       const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    const struct netlink_attribute *target = &attributes[NFTA_FIB_DREG];
    static const uint32_t local = RTN_LOCAL;
    uint32_t result, flags;

    if (!netlink_big_endian_u32(&attributes[NFTA_FIB_RESULT], &result) ||
        !netlink_big_endian_u32(&attributes[NFTA_FIB_FLAGS], &flags))
        return nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
    if ((flags & NFTA_FIB_F_SADDR) != 0)
        return load_source_route(evaluation, result, flags, target);
    if (result == NFT_FIB_RESULT_ADDRTYPE)
        return nft_load(evaluation, target, &local, sizeof(local));
    return nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
}

/* ---- exthdr: options and extension headers, of which a plain packet has none. */

enum nft_match nft_extension_header(struct nft_evaluation *evaluation,
                                    const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    static const uint32_t absent;
    uint32_t operation = NFT_EXTHDR_OP_IPV6, flags = 0;

    if (attributes[NFTA_EXTHDR_DREG].bytes == NULL) /* it changes an option, not a verdict */
        return NFT_MATCH_YES;
    (void)netlink_big_endian_u32(&attributes[NFTA_EXTHDR_OP], &operation);
    (void)netlink_big_endian_u32(&attributes[NFTA_EXTHDR_FLAGS], &flags);
    if (operation != NFT_EXTHDR_OP_IPV6 && operation != NFT_EXTHDR_OP_IPV4) {
        (void)nft_load_unknown(evaluation, &attributes[NFTA_EXTHDR_DREG], NFT_REGISTER_BYTES);
        return NFT_MATCH_MAYBE;
    }
    if ((flags & NFT_EXTHDR_F_PRESENT) == 0)
        return NFT_MATCH_NO;
    return nft_load(evaluation, &attributes[NFTA_EXTHDR_DREG], &absent, sizeof(absent));
}

/* Loads something that we do not know: a hash, a random number, what a socket lookup finds. */
enum nft_match nft_load_something(struct nft_evaluation *evaluation,
                                  const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    (void)attributes; /* the number of the target register differs by kind: forget them all */
    evaluation->registers.known = 0;
    return NFT_MATCH_MAYBE;
}
