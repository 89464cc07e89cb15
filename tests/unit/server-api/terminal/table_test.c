#include "server-api/terminal/table.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/utf8.h"
#include "tests/support/test.h"

/*
 * Whole outputs are compared with files of tests/fixtures/fleet. When a change of them is meant:
 * DIJKWACHT_WRITE_EXPECTED=1 makes this test write them; read the difference before it is kept.
 */
#define FLEET_FOLDER FIXTURES "/fleet"
#define FILE_MAX     (1U << 20)

static void read_fixture(const char *name, struct text *out)
{
    AUTO_CLOSE int folder = directory_open(FLEET_FOLDER, NULL);

    if (file_read(folder, name, FILE_MAX, out, NULL) < 0)
        fail_msg("cannot read %s", name);
}

static struct fleet_view read_fleet(const char *name)
{
    AUTO(text_clear) struct text json = {0}, file = {0};
    struct fleet_view fleet = {0};
    struct error err = {0};

    text_add_format(&file, "%s.json", name);
    read_fixture(file.bytes, &json);
    if (fleet_view_read(json.bytes, json.length, &fleet, &err) < 0)
        fail_msg("%s: %s", name, err.message);
    return fleet;
}

static void render(const char *name, struct screen *screen, bool all)
{
    AUTO(fleet_view_clear) struct fleet_view fleet = read_fleet(name);

    screen->now = fleet.generated_at;
    table_write(screen, &fleet, all);
    advice_write(screen, &fleet);
}

static void assert_lines_fit(const struct screen *screen)
{
    const char *line = text_string(&screen->out);

    while (*line != '\0') {
        size_t length = strcspn(line, "\n");
        AUTO_FREE char *copy = must_copy_text(line, length);

        if (strstr(copy, "sudo ") == NULL && screen_width_of(copy) > screen->width)
            fail_msg("%zu columns: %s", screen_width_of(copy), copy);
        line += length + 1;
    }
}

static void assert_looks_like(const char *name, struct screen screen, const char *kind)
{
    AUTO(text_clear) struct text expected = {0}, file = {0};
    AUTO_CLOSE int folder = directory_open(FLEET_FOLDER, NULL);

    render(name, &screen, false);
    assert_lines_fit(&screen);
    text_add_format(&file, "%s_%s.txt", name, kind);
    if (getenv("DIJKWACHT_WRITE_EXPECTED") != NULL)
        assert_int_equal(
            file_write(folder, file.bytes, 0644, screen.out.bytes, screen.out.length, NULL), 0);
    read_fixture(file.bytes, &expected);
    assert_string_equal(screen.out.bytes, expected.bytes);
    text_clear(&screen.out);
}

static struct screen plain(size_t width)
{
    return (struct screen){.width = width, .utf8 = true};
}

TEST(three_machines_fit_60_80_and_120_columns)
{
    assert_looks_like("three_machines", plain(60), "60");
    assert_looks_like("three_machines", plain(80), "80");
    assert_looks_like("three_machines", plain(120), "120");
}

TEST(more_machines_fold_what_is_good)
{
    assert_looks_like("many_machines", plain(80), "80");
}

TEST(all_shows_every_check_of_every_machine)
{
    struct screen folded = plain(80), full = plain(80);

    render("many_machines", &folded, false);
    render("many_machines", &full, true);
    assert_true(full.out.length > folded.out.length + 1000);
    text_clear(&folded.out);
    text_clear(&full.out);
}

TEST(a_good_fleet_is_calm)
{
    assert_looks_like("all_good", plain(80), "80");
}

TEST(without_utf8_everything_is_ascii)
{
    struct screen screen = {.width = 80};

    assert_looks_like("three_machines", screen, "ascii");
    render("hostile", &screen, false);
    for (size_t i = 0; i < screen.out.length; i++)
        assert_true(screen.out.bytes[i] == '\n' ||
                    (screen.out.bytes[i] >= ' ' && screen.out.bytes[i] < 0x7f));
    text_clear(&screen.out);
}

TEST(colour_is_only_there_when_asked_for)
{
    struct screen screen = plain(80), coloured = plain(80);

    coloured.colour = true;
    render("three_machines", &screen, false);
    render("three_machines", &coloured, false);
    assert_null(strchr(screen.out.bytes, '\033'));
    assert_non_null(strstr(coloured.out.bytes, "\033[1;31m"));
    text_clear(&screen.out);
    text_clear(&coloured.out);
}

TEST(what_machines_say_cannot_command_the_terminal)
{
    assert_looks_like("hostile", plain(80), "80");
    for (size_t width = SCREEN_MIN_WIDTH; width <= SCREEN_MAX_WIDTH; width++) {
        struct screen screen = plain(width);

        render("hostile", &screen, false);
        assert_lines_fit(&screen);
        assert_true(utf8_valid(screen.out.bytes, screen.out.length));
        assert_null(strpbrk(screen.out.bytes, "\033\r\t\a\x7f"));
        assert_null(strstr(screen.out.bytes, "\u202e"));
        assert_null(strstr(screen.out.bytes, "\u2066"));
        assert_null(strstr(screen.out.bytes, "\u200b"));
        assert_null(strstr(screen.out.bytes, "\xc2\x9b"));
        text_clear(&screen.out);
    }
}

static int exit_code_of(const char *name)
{
    AUTO(fleet_view_clear) struct fleet_view fleet = read_fleet(name);

    return fleet_exit_code(&fleet);
}

TEST(the_exit_code_says_how_it_is)
{
    struct fleet_view empty = {0};
    struct fleet_view silent = {.machine_count = 2};

    silent.standings[STANDING_SILENT] = 1;
    silent.standings[STANDING_GOOD] = 1;
    assert_int_equal(exit_code_of("three_machines"), 1);
    assert_int_equal(exit_code_of("all_good"), 0);
    assert_int_equal(fleet_exit_code(&empty), 2);
    assert_int_equal(fleet_exit_code(&silent), 2);
}

TEST(refuses_an_answer_that_is_no_fleet)
{
    static const char *const answers[] = {
        "",
        "[]",
        "{}",
        "{\"generated_at\":\"2026-11-23T19:42:00Z\",\"organisations\":[]}",
        "{\"generated_at\":\"now\",\"baseline\":{\"checks\":[]},\"organisations\":[]}",
        ("{\"generated_at\":\"2026-11-23T19:42:00Z\",\"baseline\":{\"checks\":[]},"
         "\"organisations\":[{\"id\":\"a\",\"name\":\"b\",\"machines\":[{}]}]}"),
    };

    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
        struct fleet_view fleet;

        assert_int_equal(fleet_view_read(answers[i], strlen(answers[i]), &fleet, NULL), -EBADMSG);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(three_machines_fit_60_80_and_120_columns),
        RUN(more_machines_fold_what_is_good),
        RUN(all_shows_every_check_of_every_machine),
        RUN(a_good_fleet_is_calm),
        RUN(without_utf8_everything_is_ascii),
        RUN(colour_is_only_there_when_asked_for),
        RUN(what_machines_say_cannot_command_the_terminal),
        RUN(the_exit_code_says_how_it_is),
        RUN(refuses_an_answer_that_is_no_fleet),
    };

    (void)setenv("TZ", "UTC", 1);
    tzset();
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        return 77;
    return RUN_ALL(tests);
}
