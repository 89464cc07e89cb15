#include "collectors/firewall/firewall.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/firewall/recording.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/memory.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

static void read_fixture(const char *name, struct text *out)
{
    AUTO(sysroot_close) struct sysroot root = {.fd = -1};
    AUTO(text_clear) struct text path = {0};
    struct error err = {0};

    text_add_format(&path, "/firewall/%s", name);
    if (sysroot_open(FIXTURES, &root, &err) < 0 ||
        sysroot_read(&root, path.bytes, RULESET_MAX_SIZE, out, &err) < 0)
        fail_msg("%s", err.message);
}

/* A laptop with one Ethernet interface, IPv4 and IPv6, and the ruleset of that fixture. */
static struct recording *laptop_with(const char *ruleset)
{
    struct recording *recording = must_allocate(1, sizeof(*recording));

    if (ruleset != NULL)
        read_fixture(ruleset, &recording->ruleset);
    read_fixture("laptop.links", &recording->links);
    read_fixture("laptop.addresses", &recording->addresses);
    read_fixture("laptop.tcp", &recording->tcp);
    read_fixture("laptop.udp", &recording->udp);
    return recording;
}

static struct json *collect_on(const char *folder, const struct recording *recording)
{
    const struct collector *collector = &firewall_collector;
    AUTO(auto_section_free)
    struct section *section = section_new(collector->name, collector->schema, collector->facts);
    AUTO(sysroot_close) struct sysroot root = {.fd = -1};
    AUTO(text_clear) struct text text = {0};
    struct machine machine = {.root = &root, .live = true};
    struct json *result = NULL;
    struct error err = {0};

    if (sysroot_open(folder, &root, &err) < 0)
        fail_msg("%s", err.message);
    collector->collect(&machine, recording, section_facts(section));
    text_add_string(&text, "{\"facts\":");
    section_write_facts(section, &text);
    text_add_string(&text, ",\"unknown\":");
    section_write_unknown(section, &text);
    text_add_string(&text, "}");
    if (json_parse(text.bytes, text.length, &json_default_limits, &result, &err) < 0)
        fail_msg("%s: %s", err.message, text.bytes);
    return result;
}

/* Collects on an empty root and releases the recording. */
static struct json *collect(struct recording *recording)
{
    char *folder = fixture_new_folder();
    struct json *result = collect_on(folder, recording);

    fixture_remove(folder);
    recording_free(recording);
    return result;
}

static struct json *collect_with(const char *ruleset)
{
    return collect(laptop_with(ruleset));
}

static void assert_all_inbound(const struct json *result, const char *expected)
{
    assert_fact_text(result, "inbound_internet_ipv4", expected);
    assert_fact_text(result, "inbound_internet_ipv6", expected);
    assert_fact_text(result, "inbound_lan_ipv4", expected);
    assert_fact_text(result, "inbound_lan_ipv6", expected);
}

/* The verdict for senders on the internet of the socket on that port, or "null". */
static const char *verdict_of_port(const struct json *result, int64_t wanted)
{
    const struct json *sockets = json_at(result, "/facts/sockets");

    for (const struct json *item = json_first(sockets); item != NULL; item = json_next(item)) {
        const char *verdict = json_text(json_member(item, "internet"));
        int64_t port;

        if (json_integer(json_member(item, "port"), &port) && port == wanted)
            return verdict == NULL ? "null" : verdict;
    }
    return "no such socket";
}

TEST(an_empty_ruleset_filters_nothing)
{
    AUTO(auto_json_free) struct json *result = collect_with(NULL);

    assert_fact_text(result, "state", "not_filtering");
    assert_all_inbound(result, "accept");
    assert_int_equal(json_count(json_at(result, "/facts/engines")), 0);
    assert_fact_integer(result, "rules", 0);
}

TEST(ufw_filters_but_for_the_port_that_it_opens)
{
    AUTO(auto_json_free) struct json *result = collect_with("ufw.nlmsg");

    assert_fact_text(result, "state", "filtering");
    assert_all_inbound(result, "drop");
    assert_fact_integer(result, "chains", 69);
    assert_fact_integer(result, "rules", 170);
    assert_string_equal(verdict_of_port(result, 22), "accept");
    assert_string_equal(verdict_of_port(result, 80), "drop");
    assert_string_equal(verdict_of_port(result, 5432), "drop");
    assert_string_equal(verdict_of_port(result, 68), "conditional"); /* from source port 67 */
    assert_fact_integer(result, "exposed_internet", 2);
    assert_int_equal(json_count(json_at(result, "/facts/published_ports")), 0);
    assert_non_null(json_at(result, "/facts/published_ports"));
}

TEST(firewalld_filters_although_its_policy_is_accept)
{
    AUTO(auto_json_free) struct json *result = collect_with("firewalld.nlmsg");

    assert_fact_text(result, "state", "filtering");
    assert_all_inbound(result, "drop");
    assert_string_equal(verdict_of_port(result, 22), "accept");
    assert_string_equal(verdict_of_port(result, 8443), "drop");
}

TEST(the_trusted_zone_of_firewalld_filters_nothing_although_its_chain_ends_in_a_reject)
{
    AUTO(auto_json_free) struct json *result = collect_with("firewalld-trusted.nlmsg");

    assert_fact_text(result, "state", "not_filtering");
    assert_all_inbound(result, "accept");
}

TEST(panic_mode_of_firewalld_drops_everything)
{
    AUTO(auto_json_free) struct json *result = collect_with("firewalld-panic.nlmsg");

    assert_fact_text(result, "state", "filtering");
    assert_string_equal(verdict_of_port(result, 22), "drop");
    assert_fact_integer(result, "exposed_internet", 0);
}

TEST(docker_beside_a_filter_for_ipv4_leaves_ipv6_open_and_its_ports_unknown)
{
    AUTO(auto_json_free) struct json *result = collect_with("docker.nlmsg");

    assert_fact_text(result, "state", "partial");
    assert_fact_text(result, "inbound_internet_ipv4", "drop");
    assert_fact_text(result, "inbound_internet_ipv6", "accept");
    assert_fact_unknown(result, "published_ports", "unsupported");
}

TEST(a_final_reject_filters_under_a_policy_of_accept)
{
    AUTO(auto_json_free) struct json *result = collect_with("native-final-reject.nlmsg");

    assert_fact_text(result, "state", "filtering");
    assert_all_inbound(result, "drop");
    assert_string_equal(verdict_of_port(result, 22), "accept");
    assert_string_equal(verdict_of_port(result, 80), "accept");
    assert_string_equal(verdict_of_port(result, 5432), "drop");
}

TEST(the_default_configuration_of_nftables_on_debian_filters_nothing)
{
    AUTO(auto_json_free) struct json *result = collect_with("debian-nftables-default.nlmsg");

    assert_fact_text(result, "state", "not_filtering");
    assert_all_inbound(result, "accept");
    assert_string_equal(json_text(json_first(json_at(result, "/facts/engines"))), "nf_tables");
}

/* Takes the messages with set elements out of a recording. */
static void remove_elements(struct text *ruleset)
{
    AUTO(text_clear) struct text kept = {0};

    for (size_t at = 0; at + 16 <= ruleset->length;) {
        uint32_t length;

        memcpy(&length, ruleset->bytes + at, sizeof(length));
        if ((uint8_t)ruleset->bytes[at + 4] != NFT_MSG_NEWSETELEM)
            text_add(&kept, ruleset->bytes + at, length);
        at += (length + 3U) & ~3U;
    }
    text_truncate(ruleset, 0);
    text_add(ruleset, kept.bytes, kept.length);
}

TEST(sets_of_unknown_content_leave_open_what_they_decide)
{
    struct recording *recording = laptop_with("native-final-reject.nlmsg");
    AUTO(auto_json_free) struct json *result = NULL;

    remove_elements(&recording->ruleset);
    result = collect(recording);
    assert_fact_text(result, "state", "conditional");
}

TEST(lists_sockets_by_who_can_reach_them_without_those_that_come_and_go)
{
    AUTO(auto_json_free) struct json *result = collect_with(NULL);

    assert_fact_integer(result, "listening_tcp", 5);
    assert_fact_integer(result, "listening_udp", 2);
    assert_string_equal(verdict_of_port(result, 45001), "no such socket");
    assert_string_equal(verdict_of_port(result, 45002), "accept");
    assert_string_equal(verdict_of_port(result, 50123), "no such socket");
    assert_string_equal(verdict_of_port(result, 631), "null");
    assert_string_equal(verdict_of_port(result, 323), "null");
    assert_int_equal(json_count(json_at(result, "/facts/sockets")), 10);
}

TEST(a_second_look_gives_the_same_bytes)
{
    struct recording *recording = laptop_with("ufw.nlmsg");
    char *folder = fixture_new_folder();

    for (int i = 0; i < 2; i++) {
        static char *first;
        AUTO(auto_section_free)
        struct section *section = section_new("firewall", 1, firewall_collector.facts);
        AUTO(sysroot_close) struct sysroot root = {.fd = -1};
        struct machine machine = {.root = &root, .live = true};
        struct text text = {0};

        assert_int_equal(sysroot_open(folder, &root, NULL), 0);
        firewall_collector.collect(&machine, recording, section_facts(section));
        section_write_facts(section, &text);
        section_write_unknown(section, &text);
        if (i == 0) {
            first = text_take(&text);
            continue;
        }
        assert_string_equal(first, text_string(&text));
        text_clear(&text);
        free(first);
    }
    fixture_remove(folder);
    recording_free(recording);
}

TEST(says_why_when_the_ruleset_may_not_be_read)
{
    struct recording *recording = laptop_with(NULL);
    AUTO(auto_json_free) struct json *result = NULL;

    recording->ruleset_result = -EPERM;
    result = collect(recording);
    assert_fact_unknown(result, "state", "not_permitted");
    assert_fact_unknown(result, "inbound_internet_ipv4", "not_permitted");
    assert_fact_unknown(result, "rules", "not_permitted");
    assert_fact_unknown(result, "exposed_internet", "not_permitted");
    assert_fact_unknown(result, "interfaces[0].lan_ipv6", "not_permitted");
    assert_fact_integer(result, "listening_tcp", 5);
}

TEST(a_ruleset_that_is_cut_off_is_a_parse_error)
{
    struct recording *recording = laptop_with("ufw.nlmsg");
    AUTO(auto_json_free) struct json *result = NULL;

    text_truncate(&recording->ruleset, recording->ruleset.length - 100);
    result = collect(recording);
    assert_fact_unknown(result, "state", "parse_error");
    assert_fact_unknown(result, "engines", "parse_error");
}

TEST(a_kernel_without_nf_tables_filters_nothing)
{
    struct recording *recording = laptop_with(NULL);
    AUTO(auto_json_free) struct json *result = NULL;

    recording->ruleset_result = -ENOENT;
    result = collect(recording);
    assert_fact_text(result, "state", "not_filtering");
}

TEST(older_tables_beside_nf_tables_are_not_guessed_about)
{
    struct recording *recording = laptop_with("ufw.nlmsg");
    AUTO(auto_json_free) struct json *result = NULL;

    text_add_string(&recording->legacy_tables, "filter\n");
    result = collect(recording);
    assert_fact_unknown(result, "state", "unsupported");
    assert_fact_unknown(result, "inbound_lan_ipv4", "unsupported");
    assert_fact_unknown(result, "published_ports", "unsupported");
    assert_int_equal(json_count(json_at(result, "/facts/engines")), 2);
}

TEST(a_list_of_older_tables_that_may_not_be_read_leaves_the_verdict_unknown)
{
    struct recording *recording = laptop_with("ufw.nlmsg");
    AUTO(auto_json_free) struct json *result = NULL;

    recording->legacy_result = -EACCES;
    result = collect(recording);
    assert_fact_unknown(result, "state", "not_permitted");
    assert_fact_unknown(result, "engines", "not_permitted");
    assert_fact_integer(result, "rules", 170);
}

TEST(a_changing_or_enormous_ruleset_is_unknown)
{
    static const struct {
        int result;
        const char *reason;
    } cases[] = {{-EAGAIN, "in_progress"},
                 {-EFBIG, "limit_exceeded"},
                 {-ETIMEDOUT, "timeout"},
                 {-EAFNOSUPPORT, "sandboxed"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct recording *recording = laptop_with(NULL);
        AUTO(auto_json_free) struct json *result = NULL;

        recording->ruleset_result = cases[i].result;
        result = collect(recording);
        assert_fact_unknown(result, "state", cases[i].reason);
    }
}

TEST(a_namespace_without_interfaces_says_nothing_about_the_machine)
{
    struct recording *recording = laptop_with(NULL);
    AUTO(auto_json_free) struct json *result = NULL;

    text_truncate(&recording->links, 0);
    recording->name_space = NAMESPACE_UNKNOWN;
    result = collect(recording);
    assert_fact_unknown(result, "state", "sandboxed");
}

TEST(the_ruleset_of_another_namespace_says_nothing_about_the_machine)
{
    struct recording *recording = laptop_with("ufw.nlmsg");
    AUTO(auto_json_free) struct json *result = NULL;

    recording->name_space = NAMESPACE_OTHER;
    result = collect(recording);
    assert_fact_unknown(result, "state", "sandboxed");
    assert_fact_unknown(result, "inbound_internet_ipv4", "sandboxed");
}

TEST(a_machine_without_interfaces_has_nothing_to_filter)
{
    struct recording *recording = laptop_with(NULL);
    AUTO(auto_json_free) struct json *result = NULL;

    text_truncate(&recording->links, 0);
    recording->name_space = NAMESPACE_OF_THE_MACHINE;
    result = collect(recording);
    assert_fact_unknown(result, "state", "not_applicable");
}

TEST(an_interface_without_addresses_has_nothing_to_filter)
{
    struct recording *recording = laptop_with(NULL);
    AUTO(auto_json_free) struct json *result = NULL;

    text_truncate(&recording->addresses, 0);
    result = collect(recording);
    assert_fact_unknown(result, "state", "not_applicable");
    assert_fact_unknown(result, "inbound_internet_ipv4", "not_applicable");
}

TEST(an_image_tells_what_its_files_tell)
{
    AUTO(auto_json_free) struct json *result = NULL;
    char *folder = fixture_new_folder();

    fixture_write(folder, "usr/sbin/ufw", "");
    fixture_write(folder, "etc/ufw/ufw.conf", "# set by ufw\nENABLED=no\n");
    fixture_write(folder, "usr/sbin/firewalld", "");
    fixture_link(folder, "etc/systemd/system/multi-user.target.wants/firewalld.service",
                 "/lib/systemd/system/firewalld.service");
    result = fixture_collect(&firewall_collector, folder, 0);
    fixture_remove(folder);
    assert_fact_bool(result, "ufw_enabled", false);
    assert_fact_bool(result, "firewalld_enabled", true);
    assert_fact_unknown(result, "nftables_enabled", "not_applicable");
    assert_fact_unknown(result, "state", "not_present");
    assert_fact_unknown(result, "sockets", "not_present");
}

TEST(a_configuration_of_ufw_that_says_neither_is_a_parse_error)
{
    AUTO(auto_json_free) struct json *result = NULL;
    char *folder = fixture_new_folder();

    fixture_write(folder, "usr/sbin/ufw", "");
    fixture_write(folder, "etc/ufw/ufw.conf", "ENABLED=maybe\n");
    result = fixture_collect(&firewall_collector, folder, 0);
    fixture_remove(folder);
    assert_fact_unknown(result, "ufw_enabled", "parse_error");
}

TEST(the_configuration_of_a_removed_ufw_does_not_count)
{
    AUTO(auto_json_free) struct json *result = NULL;
    char *folder = fixture_new_folder();

    fixture_write(folder, "etc/ufw/ufw.conf", "ENABLED=yes\n");
    result = fixture_collect(&firewall_collector, folder, 0);
    fixture_remove(folder);
    assert_fact_unknown(result, "ufw_enabled", "not_applicable");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(an_empty_ruleset_filters_nothing),
        RUN(ufw_filters_but_for_the_port_that_it_opens),
        RUN(firewalld_filters_although_its_policy_is_accept),
        RUN(the_trusted_zone_of_firewalld_filters_nothing_although_its_chain_ends_in_a_reject),
        RUN(panic_mode_of_firewalld_drops_everything),
        RUN(docker_beside_a_filter_for_ipv4_leaves_ipv6_open_and_its_ports_unknown),
        RUN(a_final_reject_filters_under_a_policy_of_accept),
        RUN(the_default_configuration_of_nftables_on_debian_filters_nothing),
        RUN(sets_of_unknown_content_leave_open_what_they_decide),
        RUN(lists_sockets_by_who_can_reach_them_without_those_that_come_and_go),
        RUN(a_second_look_gives_the_same_bytes),
        RUN(says_why_when_the_ruleset_may_not_be_read),
        RUN(a_ruleset_that_is_cut_off_is_a_parse_error),
        RUN(a_kernel_without_nf_tables_filters_nothing),
        RUN(older_tables_beside_nf_tables_are_not_guessed_about),
        RUN(a_list_of_older_tables_that_may_not_be_read_leaves_the_verdict_unknown),
        RUN(a_changing_or_enormous_ruleset_is_unknown),
        RUN(a_namespace_without_interfaces_says_nothing_about_the_machine),
        RUN(the_ruleset_of_another_namespace_says_nothing_about_the_machine),
        RUN(a_machine_without_interfaces_has_nothing_to_filter),
        RUN(an_interface_without_addresses_has_nothing_to_filter),
        RUN(an_image_tells_what_its_files_tell),
        RUN(a_configuration_of_ufw_that_says_neither_is_a_parse_error),
        RUN(the_configuration_of_a_removed_ufw_does_not_count),
    };

    return RUN_ALL(tests);
}
