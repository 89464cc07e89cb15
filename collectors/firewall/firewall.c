#include "collectors/firewall/firewall.h"

#include <stddef.h>

#include "collectors/firewall/managers.h"
#include "collectors/firewall/recording.h"
#include "collectors/firewall/report.h"
#include "collectors/firewall/view.h"
#include "platform/cleanup.h"

static const char *const states[] = {"filtering", "not_filtering", "partial", "conditional", NULL};
static const char *const kinds[] = {"ethernet", "wireless", "bridge",    "bond",  "vlan",
                                    "veth",     "tunnel",   "wireguard", "other", NULL};
static const char *const protocols[] = {"tcp", "udp", NULL};

#define INBOUND(fact_name, words)                                                                  \
    {                                                                                              \
        .name = (fact_name), .type = FACT_ENUM, .choices = report_inbound_names,                   \
        .purpose = (words)                                                                         \
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
    {.name = "family",
     .type = FACT_ENUM,
     .choices = report_socket_families,
     .purpose = "IPv4, IPv6 or both"},
    {.name = "port",
     .type = FACT_INTEGER,
     .privacy = PRIVACY_IDENTIFYING,
     .purpose = "the port it listens on"},
    {.name = "bind",
     .type = FACT_ENUM,
     .choices = report_socket_binds,
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

static void collect(const struct machine *machine, const void *prepared, struct facts *facts)
{
    AUTO(view_clear) struct view view = {0};

    managers_set_facts(machine->root, facts);
    facts_set_unknown(facts, "persistent", UNKNOWN_UNSUPPORTED);
    if (prepared == NULL) { /* not the running system */
        facts_set_rest_unknown(facts, UNKNOWN_NOT_PRESENT);
        return;
    }
    view_look(machine, prepared, facts, &view);
    report_view(&view);
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
