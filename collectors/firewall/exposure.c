#include "collectors/firewall/exposure.h"

#include <linux/netfilter.h>
#include <string.h>
#include <sys/socket.h>

#define SOURCES_MAX 3U
#define BANDS       11U
#define CANDIDATES  4U

struct source {
    uint8_t bytes[16];
};

/* Unremarkable addresses far apart; the worst answer counts. */
static const struct source internet_ipv4[SOURCES_MAX] = {
    {{31, 77, 12, 9}}, {{93, 184, 216, 34}}, {{185, 220, 33, 71}}};
static const struct source internet_ipv6[SOURCES_MAX] = {
    {{0x20, 0x01, 0x0a, 0x98, 0x12, 0x34, 0, 1, [15] = 9}},
    {{0x26, 0x06, 0x28, 0x00, 0x02, 0x20, 0, 1, [15] = 1}},
    {{0x2a, 0x02, 0x0a, 0x47, 0x56, 0x78, 0, 1, [15] = 7}}};

/*
 * One band of ports after the other, each without those that services are known by (mosh: 60000 to
 * 61000): a rule that opens some thousand ports in a row opens a whole band. Of each several,
 * because a rule may speak of the first.
 */
static const uint16_t candidates[BANDS][CANDIDATES] = {
    {7, 11, 97, 947},
    {1087, 1451, 1907, 2311},
    {3491, 3797, 4021, 4603},
    {5573, 6311, 7103, 7717},
    {9551, 11213, 13099, 14243},
    {15377, 16633, 17987, 19013},
    {20007, 21113, 23459, 31237},
    {33029, 33811, 34583, 35393},
    {36209, 39119, 41543, 44983},
    {47221, 50111, 52631, 55441},
    {61211, 62417, 63599, 64997},
};

void inbound_worsen(struct inbound_result *result, struct inbound_result other)
{
    if (!other.applicable)
        return;
    if (!result->applicable || other.inbound > result->inbound)
        result->inbound = other.inbound;
    result->applicable = true;
}

uint8_t exposure_address_family(int family)
{
    return family == FAMILY_IPV4 ? AF_INET : AF_INET6;
}

/* A neighbour: the same network, another host. */
static void neighbour_of(const struct network_address *address, struct source *ret_source)
{
    size_t size = address->family == AF_INET ? 4 : 16;
    uint8_t *last = &ret_source->bytes[size - 1];

    memcpy(ret_source->bytes, address->bytes, sizeof(ret_source->bytes));
    if (address->has_peer) {
        memcpy(ret_source->bytes, address->peer, sizeof(ret_source->bytes));
        return;
    }
    if (address->prefix_length >= size * 8 - 1) {
        *last ^= 1;
        return;
    }
    /* With two bits to choose from, 01 and 10 are neither the network nor its broadcast. */
    *last = (uint8_t)((*last & ~3) | ((*last & 3) == 1 ? 2 : 1));
}

static size_t lan_sources(const struct network_address *address,
                          struct source ret_sources[SOURCES_MAX])
{
    static const struct source link_local = {
        {0xfe, 0x80, [8] = 0x02, 0x12, 0x34, 0xff, 0xfe, 0x56, 0x78, 0x9a}};

    neighbour_of(address, &ret_sources[0]);
    if (address->family == AF_INET)
        return 1;
    ret_sources[1] = link_local;
    return 2;
}

static size_t sources_for(enum sender sender, const struct network_address *address,
                          struct source ret_sources[SOURCES_MAX])
{
    if (sender == SENDER_LAN)
        return lan_sources(address, ret_sources);
    memcpy(ret_sources, address->family == AF_INET ? internet_ipv4 : internet_ipv6,
           sizeof(internet_ipv4));
    return SOURCES_MAX;
}

/* One port of one interface, with what the answers so far rested on. */
struct question {
    struct exposure *exposure;
    const struct network_interface *interface;
    enum sender sender;
    struct nft_probe probe;
    struct inbound_result result;
    bool port_named;
    bool source_matters;
    bool destination_matters;
};

static int ask(struct question *question, const struct source *source, struct error *err)
{
    struct inbound_result result = {.applicable = true};
    struct nft_answer answer;
    int r;

    memcpy(question->probe.source, source->bytes, sizeof(source->bytes));
    r = nft_evaluate(question->exposure->ruleset, &question->probe, &question->exposure->work,
                     &answer, err);
    if (r < 0)
        return r;
    /* Rules see packets of a VRF twice, under two names: we follow only one. */
    result.inbound = question->interface->master != 0 ? INBOUND_CONDITIONAL : answer.inbound;
    inbound_worsen(&question->result, result);
    question->port_named = question->port_named || answer.port_named;
    question->source_matters = question->source_matters || answer.read_source;
    question->destination_matters = question->destination_matters || answer.read_destination;
    return 0;
}

static int ask_about_address(struct question *question, const struct network_address *address,
                             struct error *err)
{
    struct source sources[SOURCES_MAX] = {0};
    size_t count = sources_for(question->sender, address, sources);

    memcpy(question->probe.destination, address->bytes, sizeof(address->bytes));
    for (size_t i = 0; i < count; i++) {
        int r = ask(question, &sources[i], err);

        if (r < 0)
            return r;
        if (!question->source_matters)
            return 0;
    }
    return 0;
}

static bool is_asked_about(const struct question *question, const struct network_address *address,
                           uint8_t family, const uint8_t *only)
{
    if (address->interface != question->interface->index || address->family != family)
        return false;
    if (only != NULL && memcmp(only, address->bytes, sizeof(address->bytes)) != 0)
        return false;
    return question->sender == SENDER_LAN || !address_is_link_local(family, address->bytes);
}

static int ask_about_port(struct question *question, uint8_t family, const uint8_t *only,
                          struct error *err)
{
    const struct network *network = question->exposure->network;

    for (size_t i = 0; i < network->address_count; i++) {
        int r;

        if (!is_asked_about(question, &network->addresses[i], family, only))
            continue;
        r = ask_about_address(question, &network->addresses[i], err);
        if (r < 0)
            return r;
        /* Other addresses of this interface would give the same answer. */
        if (!question->source_matters && !question->destination_matters)
            return 0;
    }
    return 0;
}

static struct question prepare(struct exposure *exposure, const struct incoming *incoming)
{
    const struct network_interface *interface = incoming->interface;
    struct question question = {
        .exposure = exposure,
        .interface = interface,
        .sender = incoming->sender,
        .probe =
            {
                .family = incoming->family == FAMILY_IPV4 ? NFPROTO_IPV4 : NFPROTO_IPV6,
                .interface_index = interface->index,
                .interface_group = interface->group,
                .interface_type = interface->type,
            },
    };

    memcpy(question.probe.interface_name, interface->name, sizeof(interface->name));
    memcpy(question.probe.interface_kind, interface->kind, sizeof(interface->kind));
    return question;
}

int exposure_of_port(struct exposure *exposure, const struct incoming *incoming,
                     const struct exposure_port *port, struct inbound_result *ret_result,
                     struct error *err)
{
    struct question question = prepare(exposure, incoming);
    int r;

    question.probe.protocol = port->protocol;
    question.probe.port = port->port;
    r = ask_about_port(&question, exposure_address_family(incoming->family), port->address, err);
    *ret_result = question.result;
    return r;
}

/* The answer for a range of ports: of one that no rule names, or else the worst of all. */
static int ask_about_band(const struct question *template, uint8_t family, const uint16_t *ports,
                          struct inbound_result *ret_result, struct error *err)
{
    struct inbound_result worst = {0};

    for (size_t i = 0; i < CANDIDATES; i++) {
        struct question question = *template;
        int r;

        question.probe.port = ports[i];
        r = ask_about_port(&question, family, NULL, err);
        if (r < 0)
            return r;
        inbound_worsen(&worst, question.result);
        if (!question.port_named) {
            *ret_result = question.result;
            return 0;
        }
    }
    *ret_result = worst;
    return 0;
}

int exposure_by_default(struct exposure *exposure, const struct incoming *incoming,
                        struct inbound_result *ret_result, struct error *err)
{
    static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP};
    struct question question = prepare(exposure, incoming);
    struct inbound_result all = {0};

    for (size_t i = 0; i < BANDS * sizeof(protocols); i++) {
        struct inbound_result result;
        int r;

        question.probe.protocol = protocols[i % sizeof(protocols)];
        r = ask_about_band(&question, exposure_address_family(incoming->family),
                           candidates[i / sizeof(protocols)], &result, err);
        if (r < 0)
            return r;
        if (all.applicable && result.inbound != all.inbound)
            result.inbound = all.inbound = INBOUND_CONDITIONAL;
        inbound_worsen(&all, result);
        if (!all.applicable)
            break;
    }
    *ret_result = all;
    return 0;
}
