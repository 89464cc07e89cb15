#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "snapshot/snapshot.h"
#include "tests/support/snapshots.h"
#include "tests/support/test.h"

#define SECTION(name)                                                                              \
    "\"" name "\":{\"schema\":1,\"collected_at\":\"2026-11-30T00:53:20Z\",\"duration_us\":1,"      \
    "\"cpu_us\":2,\"facts\":{\"a\":1},\"unknown\":{}}"

/* A payload that is read; the mutations below each change one part of it. */
static const char good[] =
    "{\"v\":1,\"machine\":\"" TEST_MACHINE "\",\"agent\":\"0.1.0\",\"epoch\":\"" TEST_EPOCH
    "\",\"seq\":2,\"prev\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
    "\"nonce\":\"abc\",\"boot\":\"" TEST_BOOT "\",\"wall_time\":\"2026-11-30T00:53:21Z\","
    "\"boot_time_s\":123,\"clock\":\"synced\",\"refused\":0,"
    "\"base\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\","
    "\"state\":\"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\","
    "\"sections\":{" SECTION("disk") "," SECTION("firewall") "},\"removed\":[\"old\",\"older\"]}";

static int read_text(const char *payload, struct error *err)
{
    AUTO(snapshot_clear) struct snapshot snapshot = {0};

    return snapshot_read_payload(payload, strlen(payload), &snapshot, err);
}

/* Reads the good payload with one part replaced. */
static int read_changed(const char *part, const char *replacement, struct error *err)
{
    AUTO(text_clear) struct text payload = {0};
    const char *at = strstr(good, part);

    if (at == NULL)
        fail_msg("there is no %s", part);
    text_add(&payload, good, (size_t)(at - good));
    text_add_string(&payload, replacement);
    text_add_string(&payload, at + strlen(part));
    return read_text(payload.bytes, err);
}

TEST(reads_the_payload_that_the_mutations_start_from)
{
    struct error err = {0};

    if (read_text(good, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(read_changed("\"abc\"", "null", &err), 0);
    assert_int_equal(read_changed("[\"old\",\"older\"]", "[]", &err), 0);
    assert_int_equal(read_changed("\"synced\"", "\"unknown\"", &err), 0);
    assert_int_equal(read_changed("\"unknown\":{}", "\"unknown\":{\"a\":\"stale\"}", &err), 0);
}

struct mutation {
    const char *part, *replacement, *words;
};

static void assert_each_refused(const struct mutation *mutations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct error err = {0};

        if (read_changed(mutations[i].part, mutations[i].replacement, &err) != -EBADMSG)
            fail_msg("%s as %s is read", mutations[i].part, mutations[i].replacement);
        if (strstr(err.message, mutations[i].words) == NULL ||
            strstr(err.message, "snapshot") == NULL)
            fail_msg("%s as %s gives \"%s\"", mutations[i].part, mutations[i].replacement,
                     err.message);
    }
}
#define ASSERT_EACH_REFUSED(mutations)                                                             \
    assert_each_refused(mutations, sizeof(mutations) / sizeof((mutations)[0]))

TEST(refuses_each_value_of_the_head_outside_its_form)
{
    static const struct mutation mutations[] = {
        {"\"v\":1", "\"v\":\"1\"", "v"},
        {"\"v\":1", "\"v\":1.0", "v"},
        {"\"v\":1", "\"v\":true", "v"},
        {TEST_MACHINE, "3F0C8A52-7D1E-4B9A-8C65-0E2F4A6B8D10", "machine"},
        {"\"" TEST_MACHINE "\"", "null", "machine"},
        {"0.1.0", "", "agent"},
        {"0.1.0", "0.1 0", "agent"},
        {"0.1.0", "<script>", "agent"},
        {"0.1.0", "012345678901234567890123456789012", "agent"},
        {TEST_EPOCH, "0123", "epoch"},
        {TEST_EPOCH, "0123456789ABCDEF0123456789ABCDEF", "epoch"},
        {"\"seq\":2", "\"seq\":0", "seq"},
        {"\"seq\":2", "\"seq\":-2", "seq"},
        {"\"seq\":2", "\"seq\":2e0", "seq"},
        {"\"seq\":2", "\"seq\":1", "prev"},
        {"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "null", "prev"},
        {"aaaaaaaaaa", "aaaaaaaaa", "prev"},
        {"aaaaaaaaaa", "aaaaaaaaaA", "prev"},
        {"\"abc\"", "\"\"", "nonce"},
        {"\"abc\"", "\"a=c\"", "nonce"},
        {"\"abc\"", "\"a\\u0062c\"", "nonce"},
        {"\"abc\"", "\"123456789012345678901234567890123\"", "nonce"},
        {"\"" TEST_BOOT "\"", "\"\"", "boot"},
        {"2026-11-30T00:53:21Z", "2026-11-31T00:53:21Z", "wall_time"},
        {"2026-11-30T00:53:21Z", "2026-11-30T00:53:21+00:00", "wall_time"},
        {"\"boot_time_s\":123", "\"boot_time_s\":-1", "boot_time_s"},
        {"\"synced\"", "\"fine\"", "clock"},
        {"\"synced\"", "true", "clock"},
        {"\"refused\":0", "\"refused\":null", "refused"},
        {"\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"", "\"\"", "base"},
        {"\"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\"", "null", "state"},
    };

    ASSERT_EACH_REFUSED(mutations);
}

TEST(refuses_members_missing_added_twice_or_out_of_order)
{
    static const struct mutation mutations[] = {
        {"\"refused\":0,", "", "refused"},
        {"\"refused\":0,", "\"refusal\":0,", "refused"},
        {"\"cpu_us\":2,", "\"cpu_ms\":2,", "cpu_us"},
        {"\"refused\":0,", "\"refused\":0,\"more\":1,", "base"},
        {"\"older\"]", "\"older\"],\"more\":1", "more"},
        {",\"removed\":[\"old\",\"older\"]", "", "removed"},
        {"\"v\":1,", "", "v"},
        {"\"seq\":2,", "\"seq\":2,\"seq\":2,", "twice"},
        {"\"boot_time_s\":123,\"clock\":\"synced\"", "\"clock\":\"synced\",\"boot_time_s\":123",
         "boot_time_s"},
        {"\"cpu_us\":2,", "", "cpu_us"},
        {"\"unknown\":{}", "\"unknown\":{},\"user\":\"jo\"", "user"},
        {"\"firewall\"", "\"disk\"", "twice"},
    };

    ASSERT_EACH_REFUSED(mutations);
}

TEST(refuses_what_is_wrong_in_a_section)
{
    static const struct mutation mutations[] = {
        {"\"disk\"", "\"Disk\"", "name"},
        {"\"disk\"", "\"\"", "name"},
        {"\"disk\"", "\"disk\x01\"", "control"},
        {"\"disk\":{", "\"disk\":[{", ""},
        {"\"sections\":{", "\"sections\":{\"a\":1,", "a: not an object"},
        {"\"sections\":{", "\"sections\":{\"a\":[],", "a: not an object"},
        {"\"schema\":1", "\"schema\":0", "schema"},
        {"\"schema\":1", "\"schema\":2147483648", "schema"},
        {"2026-11-30T00:53:20Z", "yesterday", "collected_at"},
        {"\"duration_us\":1", "\"duration_us\":0.5", "duration_us"},
        {"\"facts\":{\"a\":1}", "\"facts\":null", "facts"},
        {"\"facts\":{\"a\":1}", "\"facts\":[]", "facts"},
        {"\"facts\":{\"a\":1}", "\"facts\":{\"a\":1,\"a\":2}", "twice"},
        {"\"facts\":{\"a\":1}", "\"facts\":{\"a\":9007199254740993}", "range"},
        {"\"unknown\":{}", "\"unknown\":null", "unknown"},
        {"\"unknown\":{}", "\"unknown\":{\"a\":\"no idea\"}", "unknown"},
        {"\"unknown\":{}", "\"unknown\":{\"a\":null}", "unknown"},
        {"\"unknown\":{}", "\"unknown\":{\"a\":{}}", "unknown"},
    };

    ASSERT_EACH_REFUSED(mutations);
}

TEST(refuses_removed_sections_that_make_no_sense)
{
    static const struct mutation mutations[] = {
        {"[\"old\",\"older\"]", "null", "removed"},
        {"[\"old\",\"older\"]", "{}", "removed"},
        {"[\"old\",\"older\"]", "[1]", "removed"},
        {"[\"old\",\"older\"]", "[[\"old\"]]", "removed"},
        {"[\"old\",\"older\"]", "[\"older\",\"old\"]", "removed"},
        {"[\"old\",\"older\"]", "[\"old\",\"old\"]", "removed"},
        {"[\"old\",\"older\"]", "[\"disk\"]", "removed"},
        {"[\"old\",\"older\"]", "[\"Old\"]", "removed"},
        {"[\"old\",\"older\"]", "[\"o\\\"ld\"]", "removed"},
        {"\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"", "null", "removed"},
    };

    ASSERT_EACH_REFUSED(mutations);
}

TEST(says_when_the_version_is_another)
{
    struct error err = {0};

    assert_int_equal(read_changed("\"v\":1", "\"v\":2", &err), -EPROTONOSUPPORT);
    assert_non_null(strstr(err.message, "version 2"));
}

TEST(refuses_what_is_no_object_at_all)
{
    static const char *const bad[] = {
        "", "null", "[]", "{}", " {}", "[{\"v\":1}]", "\"{\\\"v\\\":1}\""};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_text(bad[i], NULL), -EBADMSG);
}

TEST(refuses_more_sections_than_a_state_has)
{
    AUTO(text_clear) struct text sections = {0};
    struct error err = {0};

    text_add_string(&sections, "\"sections\":{");
    for (unsigned i = 0; i < STATE_SECTIONS_MAX; i++)
        text_add_format(&sections, "\"n%u\"%s,", i, strchr(SECTION("disk"), ':'));
    assert_int_equal(read_changed("\"sections\":{", sections.bytes, &err), -EBADMSG);
    assert_non_null(strstr(err.message, "more than 64 sections"));
}

TEST(nothing_cut_off_is_read)
{
    for (size_t length = 0; length < sizeof(good) - 1; length++) {
        AUTO(snapshot_clear) struct snapshot snapshot = {0};

        assert_int_equal(snapshot_read_payload(good, length, &snapshot, NULL), -EBADMSG);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_the_payload_that_the_mutations_start_from),
        RUN(refuses_each_value_of_the_head_outside_its_form),
        RUN(refuses_members_missing_added_twice_or_out_of_order),
        RUN(refuses_what_is_wrong_in_a_section),
        RUN(refuses_removed_sections_that_make_no_sense),
        RUN(says_when_the_version_is_another),
        RUN(refuses_what_is_no_object_at_all),
        RUN(refuses_more_sections_than_a_state_has),
        RUN(nothing_cut_off_is_read),
    };

    return RUN_ALL(tests);
}
