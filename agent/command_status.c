#include <errno.h>
#include <stdio.h>

#include "agent/command.h"
#include "agent/exit_code.h"
#include "agent/status.h"
#include "agent/status_page.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/journal.h"
#include "platform/text.h"

static void write_page(const struct arguments *arguments, const struct status *status,
                       struct text *out)
{
    AUTO_FREE char *public = layout_path(&arguments->layout, FOLDER_PUBLIC);

    status_page_write(status, public, out);
}

static void explain(const struct status *status, int r, const struct error *err)
{
    if (r != -ENOENT)
        journal_write(JOURNAL_ERROR, "cannot read what was collected: %s", err->message);
    else if (status->enrolled)
        journal_write(JOURNAL_ERROR, "nothing was collected yet: run \"dijkwacht check-in\"");
    else
        journal_write(JOURNAL_ERROR, "this machine is not enrolled yet and nothing was collected; "
                                     "\"dijkwacht show --next\" looks without sending anything");
}

int command_status(const struct arguments *arguments)
{
    AUTO(status_clear) struct status status = {0};
    AUTO(text_clear) struct text out = {0};
    struct screen screen;
    struct error err = {0};
    int r;

    if (arguments->html + arguments->json + arguments->all > 1) {
        journal_write(JOURNAL_ERROR,
                      "these options do not go together: see dijkwacht status --help");
        return EXIT_CODE_USAGE;
    }
    r = status_load(&arguments->layout, clock_now(), &status, &err);
    if (r < 0 && (!arguments->html || status.unreadable)) /* the page says the rest itself */
        explain(&status, r, &err);
    if (arguments->html) {
        write_page(arguments, &status, &out);
    } else if (r == 0 && arguments->json) {
        status_write_json(&status, &out);
    } else if (r == 0) {
        screen_open(&screen);
        status_write(&status, &screen, arguments->all, &out);
    }
    (void)fputs(text_string(&out), stdout);
    return r < 0 ? EXIT_CODE_UNKNOWN : status_exit_code(&status);
}
