#include "snapshot/section.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/digest.h"
#include "platform/text.h"
#include "tests/support/test.h"

static const char *const colours[] = {"red", "blue", NULL};

static const struct fact item_table[] = {
    {.name = "size", .type = FACT_INTEGER, .unit = "bytes", .purpose = "how large"},
    {.name = "cipher", .type = FACT_TEXT, .purpose = "how encrypted"},
    {.name = NULL},
};

static const struct fact table[] = {
    {.name = "ready", .type = FACT_BOOL, .purpose = "whether it is ready"},
    {.name = "colour", .type = FACT_ENUM, .purpose = "its colour", .choices = colours},
    {.name = "seen", .type = FACT_TIME, .purpose = "when it was seen"},
    {.name = "names", .type = FACT_TEXTS, .purpose = "what it is called"},
    {.name = "parts", .type = FACT_ITEMS, .purpose = "what it is made of", .items = item_table},
    {.name = NULL},
};

static void assert_bytes(struct section *section, const char *facts, const char *unknown)
{
    AUTO(text_clear) struct text text = {0};

    section_write_facts(section, &text);
    assert_string_equal(text_string(&text), facts);
    text_truncate(&text, 0);
    section_write_unknown(section, &text);
    assert_string_equal(text_string(&text), unknown);
}

TEST(writes_every_fact_in_the_order_of_the_table)
{
    AUTO(auto_section_free) struct section *section = section_new("thing", 1, table);
    struct facts *facts = section_facts(section), *part;

    part = facts_add_item(facts, "parts");
    facts_set_text(part, "cipher", "aes");
    facts_set_integer(part, "size", 5);
    facts_add_text(facts, "names", "b");
    facts_add_text(facts, "names", "a");
    facts_set_time(facts, "seen", 0);
    facts_set_enum(facts, "colour", "blue");
    facts_set_bool(facts, "ready", true);

    assert_bytes(section,
                 "{\"ready\":true,\"colour\":\"blue\",\"seen\":\"1970-01-01T00:00:00Z\","
                 "\"names\":[\"b\",\"a\"],\"parts\":[{\"size\":5,\"cipher\":\"aes\"}]}",
                 "{}");
    assert_true(section_complete(section));
}

TEST(gives_each_null_its_reason_at_any_depth)
{
    AUTO(auto_section_free) struct section *section = section_new("thing", 1, table);
    struct facts *facts = section_facts(section), *part;

    part = facts_add_item(facts, "parts");
    facts_set_integer(part, "size", 5);
    facts_set_unknown(part, "cipher", UNKNOWN_NOT_PERMITTED);
    facts_set_empty(facts, "names");
    facts_set_unknown(facts, "seen", UNKNOWN_STALE);
    facts_set_bool(facts, "ready", false);

    assert_bytes(section,
                 "{\"ready\":false,\"colour\":null,\"seen\":null,\"names\":[],"
                 "\"parts\":[{\"size\":5,\"cipher\":null}]}",
                 "{\"colour\":\"unsupported\",\"seen\":\"stale\","
                 "\"parts[0].cipher\":\"not_permitted\"}");
    assert_false(section_complete(section));
}

TEST(counts_not_applicable_as_an_answer)
{
    AUTO(auto_section_free) struct section *section = section_new("thing", 1, table);

    facts_set_rest_unknown(section_facts(section), UNKNOWN_NOT_APPLICABLE);
    assert_true(section_complete(section));
}

TEST(an_unknown_replaces_a_value_that_was_set)
{
    AUTO(auto_section_free) struct section *section = section_new("thing", 1, table);
    struct facts *facts = section_facts(section);

    facts_set_rest_unknown(facts, UNKNOWN_NOT_APPLICABLE);
    facts_add_text(facts, "names", "a");
    facts_set_unknown(facts, "names", UNKNOWN_LIMIT_EXCEEDED);
    assert_bytes(section,
                 "{\"ready\":null,\"colour\":null,\"seen\":null,\"names\":null,\"parts\":null}",
                 "{\"ready\":\"not_applicable\",\"colour\":\"not_applicable\","
                 "\"seen\":\"not_applicable\",\"names\":\"limit_exceeded\","
                 "\"parts\":\"not_applicable\"}");
}

TEST(drops_items_beyond_the_limit_without_harm)
{
    AUTO(auto_section_free) struct section *section = section_new("thing", 1, table);
    AUTO(text_clear) struct text text = {0};

    for (int64_t i = 0; i < 300; i++)
        facts_set_integer(facts_add_item(section_facts(section), "parts"), "size", i);
    section_write_facts(section, &text);
    assert_non_null(strstr(text.bytes, "\"size\":255,"));
    assert_null(strstr(text.bytes, "\"size\":256,"));
}

TEST(digest_covers_facts_and_reasons)
{
    struct digest first, second, third;

    section_digest_of("{}", 2, "{}", 2, &first);
    section_digest_of("{}", 2, "{} ", 3, &second);
    section_digest_of("{}\n{", 4, "}", 1, &third);
    assert_memory_not_equal(first.bytes, second.bytes, DIGEST_SIZE);
    assert_memory_not_equal(first.bytes, third.bytes, DIGEST_SIZE);
}

TEST(every_reason_has_a_name_that_leads_back_to_it)
{
    for (int i = 0; i < UNKNOWN_REASON_COUNT; i++) {
        enum unknown_reason reason;

        assert_true(unknown_reason_from_name(unknown_reason_name((enum unknown_reason)i), &reason));
        assert_int_equal(reason, i);
    }
    assert_int_equal(unknown_reason_from_code(-EACCES), UNKNOWN_NOT_PERMITTED);
    assert_int_equal(unknown_reason_from_code(-ENOSYS), UNKNOWN_UNSUPPORTED);
    assert_int_equal(unknown_reason_from_code(-EBADMSG), UNKNOWN_PARSE_ERROR);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(writes_every_fact_in_the_order_of_the_table),
        RUN(gives_each_null_its_reason_at_any_depth),
        RUN(counts_not_applicable_as_an_answer),
        RUN(an_unknown_replaces_a_value_that_was_set),
        RUN(drops_items_beyond_the_limit_without_harm),
        RUN(digest_covers_facts_and_reasons),
        RUN(every_reason_has_a_name_that_leads_back_to_it),
    };

    return RUN_ALL(tests);
}
