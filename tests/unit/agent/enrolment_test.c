#include "agent/enrolment.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "tests/support/authority.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

static const struct enrolment example = {.url = "https://server.example:8443",
                                         .organisation = TEST_ORGANISATION,
                                         .machine = TEST_MACHINE,
                                         .label = "field-07 \xc3\xa9",
                                         .identity = "0123456789abcdef"};

TEST(a_machine_that_is_not_enrolled_is_told_what_to_do)
{
    char *folder = fixture_new_folder();
    struct layout layout = {.state = folder};
    struct enrolment enrolment;
    struct error err = {0};

    assert_int_equal(enrolment_load(&layout, &enrolment, &err), -ENOENT);
    assert_non_null(strstr(err.message, "not enrolled yet"));
    assert_non_null(strstr(err.message, "dijkwacht enrol"));
    fixture_remove(folder);
}

TEST(what_was_saved_is_loaded)
{
    char *folder = fixture_new_folder();
    struct layout layout = {.state = folder};
    struct enrolment enrolment = {0};

    assert_int_equal(enrolment_save(&layout, &example, NULL), 0);
    assert_int_equal(enrolment_load(&layout, &enrolment, NULL), 0);
    assert_string_equal(enrolment.url, example.url);
    assert_string_equal(enrolment.machine, example.machine);
    assert_string_equal(enrolment.label, example.label);
    assert_string_equal(enrolment.identity, example.identity);
    fixture_remove(folder);
}

TEST(refuses_what_it_would_not_write)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "{\"url\":\"http://a\",\"organisation\":\"o\",\"machine\":\"m\",\"label\":\"l\","
        "\"identity\":\"0123456789abcdef\"}",
        "{\"url\":\"https://a\",\"organisation\":\"o\",\"machine\":\"m\",\"label\":\"l\","
        "\"identity\":\"../../../../etc/a\"}",
        "{\"url\":\"https://a\",\"organisation\":\"o\",\"machine\":\"m\",\"label\":\"\","
        "\"identity\":\"0123456789abcdef\"}",
        "{\"url\":\"https://a\",\"organisation\":\"o\",\"machine\":\"m\",\"label\":\"l\","
        "\"identity\":\"0123456789abcdef\",\"more\":1}",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct enrolment enrolment;
        struct error err = {0};

        assert_int_equal(enrolment_parse(texts[i], strlen(texts[i]), &enrolment, &err), -EBADMSG);
        assert_non_null(strstr(err.message, "enrolment.json"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_machine_that_is_not_enrolled_is_told_what_to_do),
        RUN(what_was_saved_is_loaded),
        RUN(refuses_what_it_would_not_write),
    };

    return RUN_ALL(tests);
}
