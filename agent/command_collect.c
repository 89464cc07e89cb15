#include <errno.h>
#include <stdio.h>

#include "agent/collect.h"
#include "agent/command.h"
#include "agent/enrolment.h"
#include "agent/exit_code.h"
#include "agent/privileges.h"
#include "agent/published.h"
#include "agent/settle.h"
#include "agent/step.h"
#include "platform/cleanup.h"
#include "platform/error.h"
#include "platform/journal.h"
#include "platform/sysroot.h"

static int failed(int r, const struct error *err)
{
    journal_write(JOURNAL_ERROR, "%s", err->message);
    return r == -EINVAL ? EXIT_CODE_CONFIGURATION : EXIT_CODE_FAILED;
}

/* A package manager that never ends must not silence the machine: what it does is a fact, too. */
static void wait_until_settled(const char *path)
{
    AUTO(sysroot_close) struct sysroot root = {.fd = -1};
    struct error err = {0};
    int r = sysroot_open(path == NULL ? "/" : path, &root, &err);

    if (r == 0)
        r = settle_wait(&root, &err);
    if (r < 0)
        journal_write(JOURNAL_NOTICE, "not waiting longer: %s", err.message);
}

static int step_collect(void *context)
{
    const struct arguments *arguments = context;
    struct error err = {0};
    bool made = false;
    int r;

    if (arguments->when_settled)
        wait_until_settled(arguments->root);
    r = collect_run(&arguments->layout, arguments->root, arguments->if_due, &made, &err);
    return r < 0 ? failed(r, &err) : EXIT_CODE_GOOD;
}

static int step_receipts(void *context)
{
    const struct arguments *arguments = context;
    struct error err = {0};
    int r = collect_receipts(&arguments->layout, &err);

    return r < 0 ? failed(r, &err) : EXIT_CODE_GOOD;
}

int command_collect(const struct arguments *arguments)
{
    struct arguments own = *arguments;
    struct error err = {0};
    int r = step_become(&arguments->layout, COLLECT_USER, &err);

    if (r == 0 && arguments->receipts)
        r = privileges_drop(&err);
    if (r < 0)
        return failed(r, &err);
    return arguments->receipts ? step_receipts(&own) : step_collect(&own);
}

static const struct step collect_step = {
    .user = COLLECT_USER, .privileged = true, .run = step_collect};
static const struct step receipts_step = {.user = COLLECT_USER, .run = step_receipts};

/* A step that could not even run is told here; one that failed has told why itself. */
static int run_step(const struct arguments *arguments, const struct step *step)
{
    struct arguments own = *arguments;
    struct error err = {0};
    int r = step_run(&arguments->layout, step, &own, &err);

    return r < 0 ? failed(r, &err) : r;
}

/* Everything that waited has an answer; how many of them were refusals before, and now? */
static int say_answer(const struct arguments *arguments, const struct enrolment *enrolment,
                      int64_t refused_before)
{
    struct delivery delivery;

    published_read_delivery(&arguments->layout, &delivery);
    if (delivery.refused > refused_before) {
        journal_write(JOURNAL_ERROR,
                      "%s did not take what was sent; \"dijkwacht status\" says more",
                      enrolment->url);
        return EXIT_CODE_FAILED;
    }
    (void)printf("Checked in with %s.\n", enrolment->url);
    return EXIT_CODE_GOOD;
}

int command_check_in(const struct arguments *arguments)
{
    struct enrolment enrolment;
    struct delivery before;
    struct error err = {0};
    int r = enrolment_load(&arguments->layout, &enrolment, &err), sent;

    if (r < 0)
        return failed(r, &err);
    published_read_delivery(&arguments->layout, &before);
    r = run_step(arguments, &collect_step);
    if (r != EXIT_CODE_GOOD)
        return r;
    sent = step_execute_uploader(&arguments->layout, NULL, NULL, NULL, &err);
    if (sent < 0)
        return failed(sent, &err);
    r = run_step(arguments, &receipts_step);
    if (r != EXIT_CODE_GOOD)
        return r;
    if (sent == EXIT_CODE_GOOD)
        return say_answer(arguments, &enrolment, before.refused);
    journal_write(JOURNAL_NOTICE, "the snapshot is kept and will be sent at a later check-in");
    return EXIT_CODE_WAITING;
}
