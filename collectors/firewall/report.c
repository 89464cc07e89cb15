#include "collectors/firewall/report.h"

#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/firewall/view.h"
#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"

const char *const report_inbound_names[] = {[INBOUND_DROP] = "drop",
                                            [INBOUND_CONDITIONAL] = "conditional",
                                            [INBOUND_ACCEPT] = "accept",
                                            NULL};

const char *const report_socket_families[] = {
    [SOCKET_IPV4] = "ipv4", [SOCKET_IPV6] = "ipv6", [SOCKET_BOTH] = "both", NULL};

const char *const report_socket_binds[] = {
    [BIND_ANY] = "any", [BIND_ADDRESS] = "address", [BIND_LOOPBACK] = "loopback", NULL};

static const char *const total_names[SENDER_COUNT][FAMILY_COUNT] = {
    [SENDER_INTERNET] = {"inbound_internet_ipv4", "inbound_internet_ipv6"},
    [SENDER_LAN] = {"inbound_lan_ipv4", "inbound_lan_ipv6"},
};
static const char *const interface_names[SENDER_COUNT][FAMILY_COUNT] = {
    [SENDER_INTERNET] = {"internet_ipv4", "internet_ipv6"},
    [SENDER_LAN] = {"lan_ipv4", "lan_ipv6"},
};
static const char *const socket_names[SENDER_COUNT] = {"internet", "lan"};

static void report_inbound(struct facts *facts, const char *name, const struct known *known,
                           struct inbound_result result)
{
    if (!known->yes)
        facts_set_unknown(facts, name, known->reason);
    else if (!result.applicable)
        facts_set_unknown(facts, name, UNKNOWN_NOT_APPLICABLE);
    else
        facts_set_enum(facts, name, report_inbound_names[result.inbound]);
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

    if (!view->has_verdicts.yes) {
        facts_set_unknown(view->facts, "unhandled_expressions", view->has_verdicts.reason);
        return;
    }
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
    facts_set_enum(item, "family", report_socket_families[socket->family]);
    facts_set_integer(item, "port", socket->port);
    facts_set_enum(item, "bind", report_socket_binds[socket->bind]);
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

void report_view(struct view *view)
{
    report_state(view);
    report_totals(view);
    report_unhandled(view);
    report_ruleset(view);
    report_interfaces(view);
    report_sockets(view);
}
