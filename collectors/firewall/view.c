#include "collectors/firewall/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/number.h"
#include "platform/sysroot.h"

#define STEPS_MAX         3000000U
#define PORT_RANGE        "/proc/sys/net/ipv4/ip_local_port_range"
#define DEFAULT_EPHEMERAL 32768U

static struct known unknown_for(enum unknown_reason reason)
{
    return (struct known){.reason = reason};
}

struct known known_by(int result)
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
    if (view->recording->name_space == NAMESPACE_OTHER)
        return unknown_for(UNKNOWN_SANDBOXED);
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
            const struct incoming incoming = {verdicts->interface, family, (enum sender)sender};
            int r = exposure_by_default(&view->exposure, &incoming,
                                        &verdicts->results[sender][family], err);

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

void view_look(const struct machine *machine, const struct recording *recording,
               struct facts *facts, struct view *ret_view)
{
    *ret_view = (struct view){.machine = machine, .recording = recording, .facts = facts};
    parse_ruleset(ret_view);
    parse_network(ret_view);
    parse_listeners(ret_view);
    list_interfaces(ret_view);
    judge(ret_view);
}

void view_clear(struct view *view)
{
    nft_ruleset_clear(&view->ruleset);
    network_clear(&view->network);
    listeners_clear(&view->listeners);
    text_list_clear(&view->exposure.work.unhandled);
    exposed_sockets_clear(&view->sockets);
    free(view->interfaces);
}
