#include "agent/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

TEST(the_installed_folders_are_the_documented_ones)
{
    static const char *const expected[] = {
        [FOLDER_COLLECT] = "/var/lib/dijkwacht/collect",
        [FOLDER_OUTBOX] = "/var/lib/dijkwacht/outbox",
        [FOLDER_RECEIPTS] = "/var/lib/dijkwacht/receipts",
        [FOLDER_TLS] = "/var/lib/dijkwacht/tls",
        [FOLDER_PUBLIC] = "/var/lib/dijkwacht/public",
        [FOLDER_SETTINGS] = "/etc/dijkwacht",
    };
    const struct layout layout = {0};
    AUTO_FREE char *uploader = layout_uploader(&layout);

    for (int folder = FOLDER_COLLECT; folder <= FOLDER_SETTINGS; folder++) {
        AUTO_FREE char *path = layout_path(&layout, (enum folder)folder);

        assert_string_equal(path, expected[folder]);
    }
    assert_string_equal(uploader, "/usr/libexec/dijkwacht/upload");
    assert_string_equal(layout_user(&layout, COLLECT_USER), "dijkwacht-collect");
}

TEST(a_state_folder_is_made_on_demand_with_the_documented_modes)
{
    static const mode_t modes[] = {
        [FOLDER_COLLECT] = 0700, [FOLDER_OUTBOX] = 02750, [FOLDER_RECEIPTS] = 02750,
        [FOLDER_TLS] = 0700,     [FOLDER_PUBLIC] = 0755,  [FOLDER_SETTINGS] = 0755,
    };
    char *base = fixture_new_folder();
    char state[4096];
    struct layout layout = {.state = state};

    (void)snprintf(state, sizeof(state), "%s/new", base);
    for (int folder = FOLDER_COLLECT; folder <= FOLDER_SETTINGS; folder++) {
        AUTO_CLOSE int fd = layout_open(&layout, (enum folder)folder, NULL);
        struct stat status;

        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &status), 0);
        assert_int_equal(status.st_mode & 07777, modes[folder]);
    }
    assert_null(layout_user(&layout, COLLECT_USER));
    fixture_remove(base);
}

TEST(a_link_in_a_folders_place_is_refused)
{
    char *state = fixture_new_folder();
    struct layout layout = {.state = state};
    struct error err = {0};

    fixture_link(state, "outbox", "/tmp");
    assert_int_equal(layout_open(&layout, FOLDER_OUTBOX, &err), -ENOTDIR);
    assert_non_null(strstr(err.message, "outbox"));
    fixture_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(the_installed_folders_are_the_documented_ones),
        RUN(a_state_folder_is_made_on_demand_with_the_documented_modes),
        RUN(a_link_in_a_folders_place_is_refused),
    };

    return RUN_ALL(tests);
}
