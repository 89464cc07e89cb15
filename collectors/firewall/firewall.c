#include "collectors/firewall/firewall.h"

#include <errno.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/firewall/exposed_sockets.h"
#include "collectors/firewall/exposure.h"
#include "collectors/firewall/managers.h"
#include "collectors/firewall/recording.h"
#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/number.h"
#include "platform/sysroot.h"

#define STEPS_MAX         3000000U
#define PORT_RANGE        "/proc/sys/net/ipv4/ip_local_port_range"
#define DEFAULT_EPHEMERAL 32768U

static const char *const inbound_names[] = {[INBOUND_DROP] = "drop",
                                            [INBOUND_CONDITIONAL] = "conditional",
                                            [INBOUND_ACCEPT] = "accept",
                                            NULL};
static const char *const states[] = {"filtering", "not_filtering", "partial", "conditional", NULL};
static const char *const kinds[] = {"ethernet", "wireless", "bridge",    "bond",  "vlan",
                                    "veth",     "tunnel",   "wireguard", "other", NULL};
static const char *const protocols[] = {"tcp", "udp", NULL};
static const char *const families[] = {
    [SOCKET_IPV4] = "ipv4", [SOCKET_IPV6] = "ipv6", [SOCKET_BOTH] = "both", NULL};
static const char *const binds[] = {
    [BIND_ANY] = "any", [BIND_ADDRESS] = "address", [BIND_LOOPBACK] = "loopback", NULL};

#define INBOUND(fact_name, words)                                                                  \
    {                                                                                              \
        .name = (fact_name), .type = FACT_ENUM, .choices = inbound_names, .purpose = (words)       \
    }

static const struct fact interface_facts[] = {
    {.name = "name",
     .type = FACT_TEXT,
     .privacy = PRIVACY_IDENTIFYING,
     .purpose = "the interface that packets come in through"},
    {.name = "kind", .type = FACT_ENUM, .choices = kinds, .purpose = "what kind of network it is"},
    INBOUND("internet_ipv4", "what IPv4 senders on the internet meet"),
    INBOUND("internet_ipv6", "what IPv6 senders on the internet meet"),
    INBOUND("lan_ipv4", "what IPv4 senders on the same network meet"),
    INBOUND("lan_ipv6", "what IPv6 senders on the same network meet"),
    {.name = NULL},
};

static const struct fact socket_facts[] = {
    {.name = "protocol", .type = FACT_ENUM, .choices = protocols, .purpose = "how it is spoken to"},
    {.name = "family", .type = FACT_ENUM, .choices = families, .purpose = "IPv4, IPv6 or both"},
    {.name = "port",
     .type = FACT_INTEGER,
     .privacy = PRIVACY_IDENTIFYING,
     .purpose = "the port it listens on"},
    {.name = "bind",
     .type = FACT_ENUM,
     .choices = binds,
     .purpose = "whether it listens on any address, on one, or for this machine alone"},
    {.name = "unit",
     .type = FACT_TEXT,
     .privacy = PRIVACY_IDENTIFYING,
     .purpose = "the system service behind it, where the distribution ships that service"},
    INBOUND("internet", "whether senders on the internet get through to it"),
    INBOUND("lan", "whether senders on the same network get through to it"),
    {.name = NULL},
};

static const struct fact published_facts[] = {
    {.name = "protocol", .type = FACT_ENUM, .choices = protocols, .purpose = "how it is spoken to"},
    {.name = "port", .type = FACT_INTEGER, .purpose = "the port that is passed on"},
    {.name = NULL},
};

static const struct fact firewall_facts[] = {
    {.name = "state",
     .type = FACT_ENUM,
     .choices = states,
     .purpose = "whether unasked-for packets are dropped on every interface"},
    INBOUND("inbound_internet_ipv4", "the worst that IPv4 senders on the internet are let in"),
    INBOUND("inbound_internet_ipv6", "the worst that IPv6 senders on the internet are let in"),
    INBOUND("inbound_lan_ipv4", "the worst that IPv4 senders on the same network are let in"),
    INBOUND("inbound_lan_ipv6", "the worst that IPv6 senders on the same network are let in"),
    {.name = "engines", .type = FACT_TEXTS, .purpose = "the packet filters that are in use"},
    {.name = "chains", .type = FACT_INTEGER, .purpose = "how large the nf_tables ruleset is"},
    {.name = "rules", .type = FACT_INTEGER, .purpose = "how large the nf_tables ruleset is"},
    {.name = "unhandled_expressions",
     .type = FACT_TEXTS,
     .purpose = "parts of rules that were met and not understood"},
    {.name = "interfaces",
     .type = FACT_ITEMS,
     .items = interface_facts,
     .purpose = "what each interface lets in to ports that no rule speaks of"},
    {.name = "listening_tcp",
     .type = FACT_INTEGER,
     .purpose = "how many TCP services listen for others"},
    {.name = "listening_udp",
     .type = FACT_INTEGER,
     .purpose = "how many UDP services listen for others"},
    {.name = "exposed_internet",
     .type = FACT_INTEGER,
     .purpose = "how many of them senders on the internet may reach"},
    {.name = "exposed_lan",
     .type = FACT_INTEGER,
     .purpose = "how many of them senders on the same network may reach"},
    {.name = "sockets",
     .type = FACT_ITEMS,
     .items = socket_facts,
     .purpose = "the services that listen"},
    {.name = "published_ports",
     .type = FACT_ITEMS,
     .items = published_facts,
     .purpose = "ports that are passed on to containers or other machines"},
    {.name = "ufw_enabled", .type = FACT_BOOL, .purpose = "whether ufw is set to start"},
    {.name = "firewalld_enabled", .type = FACT_BOOL, .purpose = "whether firewalld starts"},
    {.name = "nftables_enabled", .type = FACT_BOOL, .purpose = "whether nftables starts"},
    {.name = "persistent",
     .type = FACT_BOOL,
     .purpose = "whether the same filter will be there after a restart"},
    {.name = NULL},
};

/* The facts that rest on the ruleset and on all interfaces. */
static const char *const verdict_facts[] = {
    "state",
    "inbound_internet_ipv4",
    "inbound_internet_ipv6",
    "inbound_lan_ipv4",
    "inbound_lan_ipv6",
    "unhandled_expressions",
};

static const char *const total_names[SENDER_COUNT][FAMILY_COUNT] = {
    [SENDER_INTERNET] = {"inbound_internet_ipv4", "inbound_internet_ipv6"},
    [SENDER_LAN] = {"inbound_lan_ipv4", "inbound_lan_ipv6"},
};
static const char *const interface_names[SENDER_COUNT][FAMILY_COUNT] = {
    [SENDER_INTERNET] = {"internet_ipv4", "internet_ipv6"},
    [SENDER_LAN] = {"lan_ipv4", "lan_ipv6"},
};
static const char *const socket_names[SENDER_COUNT] = {"internet", "lan"};

/* A part that is known, or the reason why it is not. */
struct known {
    bool yes;
    enum unknown_reason reason;
};

struct interface_verdicts {
    const struct network_interface *interface;
    struct inbound_result results[SENDER_COUNT][FAMILY_COUNT];
};

/* What was parsed and found out. */
struct view {
    const struct machine *machine;
    const struct recording *recording;
    struct facts *facts;

    struct known has_ruleset;
    struct nft_ruleset ruleset;
    struct known has_network;
    struct network network;
    struct known has_listeners;
    struct listeners listeners;

    struct known has_verdicts;
    struct exposure exposure;
    struct interface_verdicts *interfaces;
    size_t interface_count;
    struct exposed_sockets sockets;
};

static void view_clear(struct view *view)
{
    nft_ruleset_clear(&view->ruleset);
    network_clear(&view->network);
    listeners_clear(&view->listeners);
    text_list_clear(&view->exposure.work.unhandled);
    exposed_sockets_clear(&view->sockets);
    free(view->interfaces);
}

static struct known unknown_for(enum unknown_reason reason)
{
    return (struct known){.reason = reason};
}

static struct known known_by(int result)
{
    if (result == -EAFNOSUPPORT) /* the sandbox that we run in forbids the question */
        return unknown_for(UNKNOWN_SANDBOXED);
    return result < 0 ? unknown_for(unknown_reason_from_code(result)) : (struct known){.yes = true};
}

static struct known parsed(struct view *view, int result, const struct error *err)
{
    if (result < 0 && err->code != 0)
        facts_note(view->facts, err->message);
    return known_by(result);
}

static void parse_ruleset(struct view *view)
{
    const struct recording *recording = view->recording;
    struct error err = {0};
    int r = recording->ruleset_result;

    if (r == -ENOENT) /* no nf_tables: a ruleset without rules */
        r = 0;
    if (r == 0)
        r = nft_ruleset_parse(recording->ruleset.bytes, recording->ruleset.length, &view->ruleset,
                              &err);
    view->has_ruleset = parsed(view, r, &err);
}

static void parse_network(struct view *view)
{
    const struct recording *recording = view->recording;
    struct error err = {0};
    int r = recording->network_result;

    if (r == 0)
        r = network_parse(recording->links.bytes, recording->links.length,
                          recording->addresses.bytes, recording->addresses.length, &view->network,
                          &err);
    view->has_network = parsed(view, r, &err);
}

static void parse_listeners(struct view *view)
{
    const struct recording *recording = view->recording;
    struct error err = {0};
    int r = recording->sockets_result;

    if (r == 0)
        r = listeners_parse(recording->tcp.bytes, recording->tcp.length, IPPROTO_TCP,
                            &view->listeners, &err);
    if (r == 0)
        r = listeners_parse(recording->udp.bytes, recording->udp.length, IPPROTO_UDP,
                            &view->listeners, &err);
    view->has_listeners = parsed(view, r, &err);
}

static bool has_other_than_loopback(const struct network *network)
{
    for (size_t i = 0; i < network->interface_count; i++)
        if (!network->interfaces[i].loopback)
            return true;
    return false;
}

/* Whether the ruleset that we have is all there is, and the machine's own. */
static struct known may_judge(const struct view *view)
{
    if (!view->has_network.yes)
        return view->has_network;
    if (!has_other_than_loopback(&view->network))
        return unknown_for(view->recording->name_space == NAMESPACE_OF_THE_MACHINE
                               ? UNKNOWN_NOT_APPLICABLE
                               : UNKNOWN_SANDBOXED);
    if (!view->has_ruleset.yes)
        return view->has_ruleset;
    if (view->recording->legacy_result < 0)
        return known_by(view->recording->legacy_result);
    if (view->recording->legacy_tables.length > 0)
        return unknown_for(UNKNOWN_UNSUPPORTED);
    return (struct known){.yes = true};
}

static void list_interfaces(struct view *view)
{
    const struct network *network = &view->network;

    view->interfaces = must_allocate(network->interface_count + 1, sizeof(*view->interfaces));
    for (size_t i = 0; i < network->interface_count; i++)
        if (network_receives(network, &network->interfaces[i]))
            view->interfaces[view->interface_count++].interface = &network->interfaces[i];
}

static int judge_interface(struct view *view, struct interface_verdicts *verdicts,
                           struct error *err)
{
    for (int sender = 0; sender < SENDER_COUNT; sender++)
        for (int family = 0; family < FAMILY_COUNT; family++) {
            int r =
                exposure_by_default(&view->exposure, verdicts->interface, family,
                                    (enum sender)sender, &verdicts->results[sender][family], err);

            if (r < 0)
                return r;
        }
    return 0;
}

/* The first port that the kernel hands out by itself. */
static uint16_t ephemeral_from(const struct sysroot *root)
{
    AUTO_FREE char *line = NULL;
    uint64_t first;

    if (sysroot_read_line(root, PORT_RANGE, &line, NULL) < 0 ||
        !number_parse(line, strcspn(line, "\t "), UINT16_MAX, &first))
        return DEFAULT_EPHEMERAL;
    return (uint16_t)first;
}

static int judge_sockets(struct view *view, struct exposure *exposure, struct error *err)
{
    exposed_sockets_clear(&view->sockets);
    return exposed_sockets_find(&view->listeners, &view->network, exposure,
                                ephemeral_from(view->machine->root), &view->sockets, err);
}

static void judge(struct view *view)
{
    struct error err = {0};
    int r = 0;

    view->exposure.ruleset = &view->ruleset;
    view->exposure.network = &view->network;
    view->exposure.work.steps_left = STEPS_MAX;
    view->has_verdicts = may_judge(view);
    for (size_t i = 0; view->has_verdicts.yes && r == 0 && i < view->interface_count; i++)
        r = judge_interface(view, &view->interfaces[i], &err);
    if (view->has_verdicts.yes && r == 0)
        r = judge_sockets(view, &view->exposure, &err);
    if (view->has_verdicts.yes)
        view->has_verdicts = parsed(view, r, &err);
    if (!view->has_verdicts.yes)
        (void)judge_sockets(view, NULL, &err);
}

/* ---- From what was found to facts. */

static void report_inbound(struct facts *facts, const char *name, const struct known *known,
                           struct inbound_result result)
{
    if (!known->yes)
        facts_set_unknown(facts, name, known->reason);
    else if (!result.applicable)
        facts_set_unknown(facts, name, UNKNOWN_NOT_APPLICABLE);
    else
        facts_set_enum(facts, name, inbound_names[result.inbound]);
}

static void report_totals(struct view *view)
{
    for (int sender = 0; sender < SENDER_COUNT; sender++)
        for (int family = 0; family < FAMILY_COUNT; family++) {
            struct inbound_result worst = {0};

            for (size_t i = 0; i < view->interface_count; i++)
                inbound_worsen(&worst, view->interfaces[i].results[sender][family]);
            report_inbound(view->facts, total_names[sender][family], &view->has_verdicts, worst);
        }
}

/* Counts how often each result was found; answers how many there are. */
static size_t count_results(const struct view *view, size_t ret_counts[INBOUND_ACCEPT + 1])
{
    size_t total = 0;

    for (size_t i = 0; i < view->interface_count; i++)
        for (int j = 0; j < SENDER_COUNT * FAMILY_COUNT; j++) {
            struct inbound_result result =
                view->interfaces[i].results[j / FAMILY_COUNT][j % FAMILY_COUNT];

            if (!result.applicable)
                continue;
            ret_counts[result.inbound]++;
            total++;
        }
    return total;
}

static void report_state(struct view *view)
{
    size_t counts[INBOUND_ACCEPT + 1] = {0};
    size_t total = count_results(view, counts);

    if (!view->has_verdicts.yes)
        facts_set_unknown(view->facts, "state", view->has_verdicts.reason);
    else if (total == 0)
        facts_set_unknown(view->facts, "state", UNKNOWN_NOT_APPLICABLE);
    else if (counts[INBOUND_DROP] == total)
        facts_set_enum(view->facts, "state", "filtering");
    else if (counts[INBOUND_ACCEPT] == total)
        facts_set_enum(view->facts, "state", "not_filtering");
    else if (counts[INBOUND_DROP] > 0 && counts[INBOUND_ACCEPT] > 0)
        facts_set_enum(view->facts, "state", "partial");
    else
        facts_set_enum(view->facts, "state", "conditional");
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void report_unhandled(struct view *view)
{
    struct text_list *unhandled = &view->exposure.work.unhandled;

    if (!view->has_verdicts.yes)
        return;
    if (unhandled->count > 0)
        qsort(unhandled->items, unhandled->count, sizeof(*unhandled->items), compare_texts);
    facts_set_empty(view->facts, "unhandled_expressions");
    for (size_t i = 0; i < unhandled->count; i++)
        facts_add_text(view->facts, "unhandled_expressions", unhandled->items[i]);
}

static void report_ruleset(struct view *view)
{
    const struct recording *recording = view->recording;
    struct known legacy = known_by(recording->legacy_result);

    if (!view->has_ruleset.yes) {
        facts_set_unknown(view->facts, "engines", view->has_ruleset.reason);
        facts_set_unknown(view->facts, "chains", view->has_ruleset.reason);
        facts_set_unknown(view->facts, "rules", view->has_ruleset.reason);
        facts_set_unknown(view->facts, "published_ports", view->has_ruleset.reason);
        return;
    }
    facts_set_integer(view->facts, "chains", (int64_t)view->ruleset.chain_count);
    facts_set_integer(view->facts, "rules", (int64_t)view->ruleset.rule_count);
    if (!legacy.yes) {
        facts_set_unknown(view->facts, "engines", legacy.reason);
        facts_set_unknown(view->facts, "published_ports", legacy.reason);
        return;
    }
    facts_set_empty(view->facts, "engines");
    if (view->ruleset.table_count > 0)
        facts_add_text(view->facts, "engines", "nf_tables");
    if (recording->legacy_tables.length > 0)
        facts_add_text(view->facts, "engines", "xtables");
    if (recording->legacy_tables.length > 0 || nft_ruleset_redirects(&view->ruleset))
        facts_set_unknown(view->facts, "published_ports", UNKNOWN_UNSUPPORTED);
    else
        facts_set_empty(view->facts, "published_ports");
}

static const char *kind_of(const struct sysroot *root, const struct network_interface *interface)
{
    static const struct {
        const char *kernel, *ours;
    } names[] = {
        {"bond", "bond"},    {"bridge", "bridge"}, {"gre", "tunnel"},          {"ip6tnl", "tunnel"},
        {"ipip", "tunnel"},  {"ppp", "tunnel"},    {"sit", "tunnel"},          {"team", "bond"},
        {"tun", "tunnel"},   {"veth", "veth"},     {"vlan", "vlan"},           {"vti", "tunnel"},
        {"vxlan", "tunnel"}, {"xfrm", "tunnel"},   {"wireguard", "wireguard"},
    };
    AUTO(text_clear) struct text path = {0};
    bool wireless = false;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(names[i].kernel, interface->kind) == 0)
            return names[i].ours;
    text_add_format(&path, "/sys/class/net/%s/phy80211", interface->name);
    if (sysroot_exists(root, path.bytes, &wireless, NULL) == 0 && wireless)
        return "wireless";
    return interface->kind[0] == '\0' && interface->type == ARPHRD_ETHER ? "ethernet" : "other";
}

static void report_interfaces(struct view *view)
{
    if (!view->has_network.yes) {
        facts_set_unknown(view->facts, "interfaces", view->has_network.reason);
        return;
    }
    facts_set_empty(view->facts, "interfaces");
    for (size_t i = 0; i < view->interface_count; i++) {
        const struct interface_verdicts *verdicts = &view->interfaces[i];
        struct facts *item = facts_add_item(view->facts, "interfaces");

        facts_set_text(item, "name", verdicts->interface->name);
        facts_set_enum(item, "kind", kind_of(view->machine->root, verdicts->interface));
        for (int sender = 0; sender < SENDER_COUNT; sender++)
            for (int family = 0; family < FAMILY_COUNT; family++)
                report_inbound(item, interface_names[sender][family], &view->has_verdicts,
                               verdicts->results[sender][family]);
    }
}

static void report_socket(struct view *view, const struct units *units,
                          const struct exposed_socket *socket)
{
    static const struct known loopback = {.reason = UNKNOWN_NOT_APPLICABLE};
    const struct known *known = socket->bind == BIND_LOOPBACK ? &loopback : &view->has_verdicts;
    struct facts *item = facts_add_item(view->facts, "sockets");

    facts_set_enum(item, "protocol", socket->protocol == IPPROTO_TCP ? "tcp" : "udp");
    facts_set_enum(item, "family", families[socket->family]);
    facts_set_integer(item, "port", socket->port);
    facts_set_enum(item, "bind", binds[socket->bind]);
    units_set_fact(units, view->machine->root, socket->control_group, item, "unit");
    for (int sender = 0; sender < SENDER_COUNT; sender++)
        report_inbound(item, socket_names[sender], known, socket->results[sender]);
}

static void report_counts(struct view *view)
{
    int64_t listening[2] = {0}, exposed[SENDER_COUNT] = {0};

    for (size_t i = 0; i < view->sockets.count; i++) {
        const struct exposed_socket *socket = &view->sockets.items[i];

        if (socket->bind == BIND_LOOPBACK)
            continue;
        listening[socket->protocol == IPPROTO_UDP]++;
        for (int sender = 0; sender < SENDER_COUNT; sender++)
            if (socket->results[sender].applicable &&
                socket->results[sender].inbound != INBOUND_DROP)
                exposed[sender]++;
    }
    facts_set_integer(view->facts, "listening_tcp", listening[0]);
    facts_set_integer(view->facts, "listening_udp", listening[1]);
    if (!view->has_verdicts.yes) {
        facts_set_unknown(view->facts, "exposed_internet", view->has_verdicts.reason);
        facts_set_unknown(view->facts, "exposed_lan", view->has_verdicts.reason);
        return;
    }
    facts_set_integer(view->facts, "exposed_internet", exposed[SENDER_INTERNET]);
    facts_set_integer(view->facts, "exposed_lan", exposed[SENDER_LAN]);
}

static void report_sockets(struct view *view)
{
    static const char *const names[] = {"listening_tcp", "listening_udp", "exposed_internet",
                                        "exposed_lan", "sockets"};
    AUTO(units_clear) struct units units = {0};
    struct known known = view->has_listeners.yes ? view->has_network : view->has_listeners;

    for (size_t i = 0; !known.yes && i < sizeof(names) / sizeof(*names); i++)
        facts_set_unknown(view->facts, names[i], known.reason);
    if (!known.yes)
        return;
    units_read(view->machine->root, &units);
    facts_set_empty(view->facts, "sockets");
    for (size_t i = 0; i < view->sockets.count; i++)
        report_socket(view, &units, &view->sockets.items[i]);
    report_counts(view);
}

static void collect(const struct machine *machine, const void *prepared, struct facts *facts)
{
    AUTO(view_clear)
    struct view view = {.machine = machine, .recording = prepared, .facts = facts};

    managers_set_facts(machine->root, facts);
    facts_set_unknown(facts, "persistent", UNKNOWN_UNSUPPORTED);
    if (prepared == NULL) {
        facts_set_rest_unknown(facts, UNKNOWN_NOT_PRESENT);
        return;
    }
    parse_ruleset(&view);
    parse_network(&view);
    parse_listeners(&view);
    list_interfaces(&view);
    judge(&view);
    if (!view.has_verdicts.yes)
        for (size_t i = 0; i < sizeof(verdict_facts) / sizeof(*verdict_facts); i++)
            facts_set_unknown(facts, verdict_facts[i], view.has_verdicts.reason);
    report_state(&view);
    report_totals(&view);
    report_unhandled(&view);
    report_ruleset(&view);
    report_interfaces(&view);
    report_sockets(&view);
}

static void *prepare(const struct machine *machine)
{
    return machine->live ? recording_take(machine) : NULL;
}

static void release(void *prepared)
{
    recording_free(prepared);
}

const struct collector firewall_collector = {
    .name = "firewall",
    .summary = "what the machine lets in from the network, and what listens",
    .schema = 1,
    .facts = firewall_facts,
    .prepare = prepare,
    .collect = collect,
    .release = release,
};
