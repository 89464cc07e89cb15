#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/command.h"
#include "agent/enrol.h"
#include "agent/enrolment.h"
#include "agent/exit_code.h"
#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/journal.h"
#include "platform/text.h"
#include "snapshot/join_code.h"

/* A code that a mail program broke into lines has some white space more. */
#define CODE_MAX_SIZE (2U * JOIN_CODE_MAX_SIZE)

static int read_standard_input(bool one_line, struct text *out, struct error *err)
{
    char buffer[1024];

    for (;;) {
        ssize_t n = read(STDIN_FILENO, buffer, sizeof(buffer));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, errno, "cannot read the join code: %s", strerror(errno));
        if (n == 0)
            return 0;
        text_add(out, buffer, (size_t)n);
        if (out->length > CODE_MAX_SIZE)
            return error_set(err, EFBIG, "that is too long for a join code");
        if (one_line && memchr(buffer, '\n', (size_t)n) != NULL)
            return 0;
    }
}

static int read_code(const struct arguments *arguments, struct text *out, struct error *err)
{
    bool terminal = isatty(STDIN_FILENO) == 1;

    if (arguments->code_file != NULL)
        return error_advise(
            err, file_read(AT_FDCWD, arguments->code_file, CODE_MAX_SIZE, out, err),
            "save the join code in that file, or leave out --code-file and paste it");
    if (terminal) {
        (void)fputs("Paste the join code and press Enter: ", stdout);
        (void)fflush(stdout);
    }
    return read_standard_input(terminal, out, err);
}

static int say_enrolled(const struct arguments *arguments)
{
    struct enrolment enrolment;
    struct error err = {0};

    if (enrolment_load(&arguments->layout, &enrolment, &err) < 0) {
        journal_write(JOURNAL_ERROR, "%s", err.message);
        return EXIT_CODE_FAILED;
    }
    (void)printf(
        "This machine is enrolled as \"%s\". It reports to %s.\n"
        "See what would leave it: dijkwacht show --next\n"
        "%s",
        enrolment.label, enrolment.url,
        arguments->layout.state == NULL
            ? "It checks in by itself, first in about two minutes. To do it now: dijkwacht "
              "check-in\n"
            : "");
    return EXIT_CODE_GOOD;
}

int command_enrol(const struct arguments *arguments)
{
    AUTO(text_clear) struct text code = {0};
    struct error err = {0};
    int r = read_code(arguments, &code, &err);

    if (r == 0)
        r = enrol_machine(&arguments->layout, text_string(&code), code.length, arguments->again,
                          &err);
    if (code.length > 0)
        explicit_bzero(code.bytes, code.length);
    if (r == 0 || r == -EALREADY)
        return say_enrolled(arguments);
    journal_write(JOURNAL_ERROR, "%s", err.message);
    return EXIT_CODE_FAILED;
}
