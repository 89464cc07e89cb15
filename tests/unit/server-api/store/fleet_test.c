#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/json.h"
#include "server-api/store/database.h"
#include "tests/support/store_world.h"
#include "tests/support/test.h"

#define DAY 86400

static struct json *fleet_at(const struct store_world *world, const char *organisation, int64_t now)
{
    AUTO(text_clear) struct text text = {0};
    struct json *fleet = NULL;
    struct error err = {0};

    if (store_write_fleet(world->store, organisation, now, &text, &err) < 0 ||
        json_parse(text.bytes, text.length, &json_default_limits, &fleet, &err) < 0)
        fail_msg("%s", err.message);
    return fleet;
}

static const struct json *first_machine(const struct json *fleet)
{
    return json_first(json_member(json_first(json_member(fleet, "organisations")), "machines"));
}

static const struct json *check_of(const struct json *machine, const char *id)
{
    const struct json *check = json_first(json_member(machine, "checks"));

    while (check != NULL && strcmp(json_text(json_member(check, "id")), id) != 0)
        check = json_next(check);
    return check;
}

static void assert_member(const struct json *object, const char *name, const char *expected)
{
    const char *text = json_text(json_member(object, name));

    if (text == NULL || strcmp(text, expected) != 0)
        fail_msg("%s is %s, not %s", name, text == NULL ? "no text" : text, expected);
}

static void assert_flag(const struct json *machine, const char *name, bool expected)
{
    bool value;

    assert_true(json_bool(json_member(machine, name), &value));
    assert_int_equal(value, expected);
}

TEST(tells_what_is_known_of_a_machine)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0};
    AUTO(auto_json_free) struct json *fleet = NULL;
    const struct json *machine;

    agent->restart_pending = true;
    test_agent_check_in(agent, world, &parcel);
    fleet = fleet_at(world, NULL, TEST_NOW + 60);
    assert_member(fleet, "generated_at", "2026-11-30T00:54:20Z");
    machine = first_machine(fleet);
    assert_member(machine, "id", TEST_MACHINE);
    assert_member(machine, "label", "field-07");
    assert_member(machine, "kind", "laptop");
    assert_member(machine, "system", "Debian GNU/Linux 12 (bookworm)");
    assert_member(machine, "seen_at", "2026-11-30T00:53:20Z");
    assert_flag(machine, "overdue", false);
    assert_flag(machine, "revoked", false);
    assert_int_equal(json_count(json_member(machine, "checks")),
                     json_count(json_at(fleet, "/baseline/checks")));
    assert_member(check_of(machine, "restart_pending"), "state", "fail");
    assert_member(check_of(machine, "restart_pending"), "fact", "/patch_level/restart_required");
    assert_member(check_of(machine, "disk_encrypted"), "state", "unknown");
    assert_member(check_of(machine, "disk_encrypted"), "reason", "not_present");
    assert_true(json_count(json_member(machine, "checks")) > 5);
}

TEST(a_verdict_past_its_time_is_unknown)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0};
    AUTO(auto_json_free) struct json *fresh = NULL, *old = NULL;

    test_agent_check_in(agent, world, &parcel);
    fresh = fleet_at(world, NULL, TEST_NOW + 7 * DAY);
    assert_member(check_of(first_machine(fresh), "restart_pending"), "state", "pass");
    assert_flag(first_machine(fresh), "overdue", false);
    old = fleet_at(world, NULL, TEST_NOW + 7 * DAY + 1);
    assert_member(check_of(first_machine(old), "restart_pending"), "state", "unknown");
    assert_member(check_of(first_machine(old), "restart_pending"), "reason", "stale");
    assert_flag(first_machine(old), "overdue", true);
}

TEST(what_fails_on_a_silent_machine_is_unknown_too)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0};
    AUTO(auto_json_free) struct json *fleet = NULL;

    agent->restart_pending = true;
    test_agent_check_in(agent, world, &parcel);
    fleet = fleet_at(world, NULL, TEST_NOW + 30 * DAY);
    assert_member(check_of(first_machine(fleet), "restart_pending"), "state", "unknown");
}

TEST(a_machine_that_sent_nothing_is_unknown_in_everything)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_json_free) struct json *fleet = fleet_at(world, NULL, TEST_NOW);
    const struct json *machine = first_machine(fleet);

    assert_null(json_member(machine, "seen_at"));
    assert_null(json_member(machine, "system"));
    assert_int_equal(json_count(json_member(machine, "checks")),
                     json_count(json_at(fleet, "/baseline/checks")));
    for (const struct json *check = json_first(json_member(machine, "checks")); check != NULL;
         check = json_next(check)) {
        assert_member(check, "state", "unknown");
        assert_member(check, "reason", "not_present");
        assert_null(json_member(check, "since"));
        assert_null(json_member(check, "fact"));
    }
}

TEST(a_fork_is_remembered_for_a_month)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel first = {0}, fork = {0}, next = {0};
    AUTO(auto_json_free) struct json *fleet = NULL, *later = NULL;
    struct test_agent copy = *agent;
    struct parcel *one = &fork;

    test_agent_check_in(agent, world, &first);
    copy.number = 9;
    test_agent_look(&copy, world, &fork);
    assert_int_equal(store_world_ingest(world, &one, 1), 0);
    test_agent_check_in(agent, world, &next);
    fleet = fleet_at(world, NULL, TEST_NOW + DAY);
    assert_string_equal(json_text(json_first(json_member(first_machine(fleet), "flags"))), "fork");
    later = fleet_at(world, NULL, TEST_NOW + 31 * DAY);
    assert_int_equal(json_count(json_member(first_machine(later), "flags")), 0);
}

TEST(each_organisation_has_its_own_machines)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_json_free) struct json *all = NULL, *one = NULL;
    char id[ORGANISATION_ID_SIZE];

    assert_int_equal(store_add_organisation(world->store, "Gullhaven \"Rescue\"", 1, id, NULL), 0);
    all = fleet_at(world, NULL, TEST_NOW);
    assert_int_equal(json_count(json_member(all, "organisations")), 2);
    one = fleet_at(world, id, TEST_NOW);
    assert_int_equal(json_count(json_member(one, "organisations")), 1);
    assert_member(json_first(json_member(one, "organisations")), "name", "Gullhaven \"Rescue\"");
    assert_null(first_machine(one));
}

TEST(verdicts_of_checks_that_are_gone_are_passed_over)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0};
    AUTO(auto_json_free) struct json *fleet = NULL;

    test_agent_check_in(agent, world, &parcel);
    assert_int_equal(database_run(world->store,
                                  "UPDATE current SET verdicts = replace(verdicts, "
                                  "'restart_pending', 'gone')",
                                  NULL),
                     0);
    fleet = fleet_at(world, NULL, TEST_NOW);
    assert_null(check_of(first_machine(fleet), "gone"));
    assert_member(check_of(first_machine(fleet), "restart_pending"), "state", "unknown");
}

#define MACHINE_FORMAT "00000000-0000-4000-8000-%012d"

/* The first checks of the baseline: lines in its order are read in another way than others. */
static char names[2][64];

static void read_names(const struct store_world *world)
{
    AUTO(auto_json_free) struct json *fleet = fleet_at(world, NULL, TEST_NOW);
    const struct json *check = json_first(json_at(fleet, "/baseline/checks"));

    for (int i = 0; i < 2; i++, check = json_next(check))
        (void)snprintf(names[i], sizeof(names[i]), "%s", json_text(json_member(check, "id")));
}

/* A machine beside the world's, in its organisation, with these verdicts; NULL: it sent nothing. */
static void add_machine(const struct store_world *world, int number, const char *verdicts)
{
    AUTO(text_clear) struct text sql = {0};

    text_add_format(&sql,
                    "PRAGMA foreign_keys = OFF; INSERT INTO machine VALUES ('" TEST_ORGANISATION
                    "', '" MACHINE_FORMAT "', 'many', 1, NULL);",
                    number);
    if (verdicts != NULL)
        text_add_format(&sql,
                        "INSERT INTO current VALUES ('" TEST_ORGANISATION "', '" MACHINE_FORMAT
                        "', x'', %lld, 1, 1, 'synced', 'laptop', 'System %d', '%s')",
                        number, (long long)TEST_NOW - number, number % 3, verdicts);
    assert_int_equal(database_run(world->store, sql.bytes, NULL), 0);
}

static const struct json *machine_of(const struct json *fleet, int number)
{
    const struct json *machine = first_machine(fleet);
    char id[MACHINE_ID_SIZE];

    (void)snprintf(id, sizeof(id), MACHINE_FORMAT, number);
    while (machine != NULL && strcmp(json_text(json_member(machine, "id")), id) != 0)
        machine = json_next(machine);
    return machine;
}

/* A line of each check; the other way round for every second machine, as an older version might. */
static void write_verdicts(int number, struct text *out)
{
    static const char *const states[] = {"pass", "fail", "not_applicable"};
    long long end = (long long)TEST_NOW + (number % 5 == 4 ? -1 : DAY);
    struct text lines[2] = {0};

    text_add_format(&lines[0], "%s\t%s\t\t/some/fact_%d\t%d\t%lld\n", names[0], states[number % 3],
                    number % 37, 1000000 * number, end);
    text_add_format(&lines[1], "%s\tunknown\t%s\t\t%d\t%lld\n", names[1],
                    number % 7 == 0 ? "timed_out" : "not_permitted", 7, end);
    text_add_string(out, lines[number % 2].bytes);
    text_add_string(out, lines[(number + 1) % 2].bytes);
    text_clear(&lines[0]);
    text_clear(&lines[1]);
}

static void assert_verdicts(const struct json *machine, int number)
{
    static const char *const states[] = {"pass", "fail", "not_applicable"};
    const struct json *restart = check_of(machine, names[0]);
    const struct json *disk = check_of(machine, names[1]);
    bool ended = number % 5 == 4;
    char fact[32], since[CLOCK_TEXT_SIZE], system[16];

    (void)snprintf(fact, sizeof(fact), "/some/fact_%d", number % 37);
    (void)snprintf(system, sizeof(system), "System %d", number % 3);
    clock_to_text(ended ? TEST_NOW - 1 : 1000000 * number, since);
    assert_member(machine, "system", system);
    assert_member(restart, "state", ended ? "unknown" : states[number % 3]);
    assert_member(restart, "fact", fact);
    assert_member(restart, "since", since);
    assert_member(disk, "state", "unknown");
    if (ended)
        assert_member(restart, "reason", "stale");
    else
        assert_null(json_member(restart, "reason"));
    assert_member(disk, "reason",
                  ended             ? "stale"
                  : number % 7 == 0 ? "timed_out"
                                    : "not_permitted");
}

TEST(each_of_many_machines_has_its_own_verdicts)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_json_free) struct json *fleet = NULL;

    read_names(world);
    for (int i = 0; i < 200; i++) {
        AUTO(text_clear) struct text verdicts = {0};

        write_verdicts(i, &verdicts);
        add_machine(world, i, i % 11 == 5 ? NULL : verdicts.bytes);
    }
    fleet = fleet_at(world, NULL, TEST_NOW);
    for (int i = 0; i < 200; i++) {
        if (i % 11 != 5)
            assert_verdicts(machine_of(fleet, i), i);
        else
            assert_member(check_of(machine_of(fleet, i), names[0]), "reason", "not_present");
    }
}

/* However long its verdicts would still hold. */
TEST(what_is_good_on_a_silent_machine_is_unknown)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_json_free) struct json *before = NULL, *after = NULL;

    add_machine(world, 0, "restart_pending\tpass\t\t\t1\t99999999999\n");
    before = fleet_at(world, NULL, TEST_NOW + 7 * DAY);
    assert_flag(machine_of(before, 0), "overdue", false);
    assert_member(check_of(machine_of(before, 0), "restart_pending"), "state", "pass");
    after = fleet_at(world, NULL, TEST_NOW + 7 * DAY + 1);
    assert_flag(machine_of(after, 0), "overdue", true);
    assert_member(check_of(machine_of(after, 0), "restart_pending"), "state", "unknown");
    assert_member(check_of(machine_of(after, 0), "restart_pending"), "reason", "stale");
    assert_member(check_of(machine_of(after, 0), "restart_pending"), "since",
                  "2026-12-07T00:53:20Z");
}

TEST(a_damaged_verdict_is_unknown_where_the_one_before_was_good)
{
    static const char *const damaged[] = {
        "\tpass\t\t\t1\t99999999999x\n",
        "\tpass\t\t\t1\t99999999999",
        "\tpass\t\t\t1\n",
        "\tpass\t\t\t",
        "\tpass\t\t\tx\t99999999999\n",
        "\tpass\t\t",
        "",
    };
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_json_free) struct json *fleet = NULL;

    read_names(world);
    for (int i = 0; i < 7; i++) {
        AUTO(text_clear) struct text good = {0}, bad = {0};

        text_add_format(&good, "%s\tpass\t\t\t1\t99999999999\n", names[0]);
        text_add_format(&bad, "%s%s", names[0], damaged[i]);
        add_machine(world, 2 * i, good.bytes);
        add_machine(world, 2 * i + 1, bad.bytes);
    }
    fleet = fleet_at(world, NULL, TEST_NOW);
    for (int i = 0; i < 14; i++)
        assert_member(check_of(machine_of(fleet, i), names[0]), "state",
                      i % 2 == 0 ? "pass" : "unknown");
}

static const char two_organisations_sql[] =
    "PRAGMA foreign_keys = OFF;"
    "INSERT INTO organisation VALUES ('aaaaaaaaaaaaaaaa', 'Before', 1), ('zzzzzzzzzzzzzzzz', "
    "'After', 1);"
    "INSERT INTO machine VALUES ('aaaaaaaaaaaaaaaa', 'm', 'before', 1, NULL), "
    "('aaaaaaaaaaaaaaaa', 'n', 'silent', 1, NULL), ('zzzzzzzzzzzzzzzz', 'm', 'after', 1, NULL);"
    "INSERT INTO current VALUES ('aaaaaaaaaaaaaaaa', 'm', x'', 1, 1, 1, 'synced', 'laptop', "
    "'Before', ''), ('zzzzzzzzzzzzzzzz', 'm', x'', 1, 1, 1, 'synced', 'server', 'After', '')";

TEST(machines_of_the_same_name_in_two_organisations_are_two)
{
    static const char *const ids[] = {"aaaaaaaaaaaaaaaa", TEST_ORGANISATION, "zzzzzzzzzzzzzzzz"};
    static const char *const labels[] = {"before", "field-07", "after"};
    static const char *const systems[] = {"Before", NULL, "After"};
    static const size_t counts[] = {2, 1, 1};
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_json_free) struct json *all = NULL;
    const struct json *organisation;

    assert_int_equal(database_run(world->store, two_organisations_sql, NULL), 0);
    all = fleet_at(world, NULL, TEST_NOW);
    organisation = json_first(json_member(all, "organisations"));
    for (int i = 0; i < 3; i++) {
        AUTO(auto_json_free) struct json *one = fleet_at(world, ids[i], TEST_NOW);
        const struct json *machine = first_machine(one);

        assert_member(machine, "label", labels[i]);
        assert_int_equal(json_count(json_member(organisation, "machines")), counts[i]);
        machine = json_first(json_member(organisation, "machines"));
        assert_member(machine, "label", labels[i]);
        if (systems[i] == NULL)
            assert_null(json_member(machine, "system"));
        else
            assert_member(machine, "system", systems[i]);
        organisation = json_next(organisation);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(tells_what_is_known_of_a_machine),
        RUN(a_verdict_past_its_time_is_unknown),
        RUN(what_fails_on_a_silent_machine_is_unknown_too),
        RUN(a_machine_that_sent_nothing_is_unknown_in_everything),
        RUN(a_fork_is_remembered_for_a_month),
        RUN(each_organisation_has_its_own_machines),
        RUN(verdicts_of_checks_that_are_gone_are_passed_over),
        RUN(each_of_many_machines_has_its_own_verdicts),
        RUN(machines_of_the_same_name_in_two_organisations_are_two),
        RUN(what_is_good_on_a_silent_machine_is_unknown),
        RUN(a_damaged_verdict_is_unknown_where_the_one_before_was_good),
    };

    return RUN_ALL(tests);
}
