#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/command.h"
#include "agent/exit_code.h"
#include "agent/status.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/journal.h"
#include "platform/text.h"

static int load(const struct arguments *arguments, struct status *status, struct error *err)
{
    int r = published_read_facts(&arguments->layout, &status->facts, err);

    status->now = clock_now();
    status->enrolled = enrolment_load(&arguments->layout, &status->enrolment, NULL) == 0;
    published_read_delivery(&arguments->layout, &status->delivery);
    if (r < 0)
        return r;
    judgement_make(status->facts, status->now, &status->judgement);
    status_count(status);
    return 0;
}

int command_status(const struct arguments *arguments)
{
    AUTO(status_clear) struct status status = {0};
    AUTO(text_clear) struct text out = {0};
    struct screen screen;
    struct error err = {0};
    int r = load(arguments, &status, &err);

    if (r == -ENOENT)
        journal_write(JOURNAL_ERROR, "%s",
                      status.enrolled
                          ? "nothing was collected yet: run \"dijkwacht check-in\""
                          : "this machine is not enrolled yet and nothing was collected; "
                            "\"dijkwacht show --next\" looks without sending anything");
    else if (r < 0)
        journal_write(JOURNAL_ERROR, "cannot read what was collected: %s", err.message);
    if (r < 0)
        return EXIT_CODE_UNKNOWN;
    if (arguments->json) {
        status_write_json(&status, &out);
    } else {
        screen_open(&screen);
        status_write(&status, &screen, arguments->all, &out);
    }
    (void)fputs(text_string(&out), stdout);
    return status_exit_code(&status);
}
