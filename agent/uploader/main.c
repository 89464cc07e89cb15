#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/exit_code.h"
#include "agent/uploader/join.h"
#include "agent/uploader/send.h"
#include "platform/cleanup.h"
#include "platform/journal.h"
#include "platform/json_writer.h"
#include "platform/memory.h"
#include "platform/text.h"

#define INPUT_MAX_SIZE 16384U

static const char help[] =
    "Usage: upload [--state DIR] [--config FILE] [enrol]\n"
    "\n"
    "Sends the snapshots in the outbox to the server and keeps its receipts. The only program of\n"
    "the agent that talks to the network; \"dijkwacht check-in\" and the system run it.\n"
    "\"upload enrol\" is the network half of \"dijkwacht enrol\" and is run by it.\n";

struct options {
    struct layout layout;
    bool enrol;
    bool help;
    bool version;
};

static bool take_value(int argc, char **argv, int *i, const char *name, const char **ret_value)
{
    if (strcmp(argv[*i], name) != 0 || *i + 1 >= argc)
        return false;
    *ret_value = argv[++*i];
    return true;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        if (take_value(argc, argv, &i, "--state", &options->layout.state) ||
            take_value(argc, argv, &i, "--config", &options->layout.config))
            continue;
        if (strcmp(argv[i], "enrol") == 0)
            options->enrol = true;
        else if (strcmp(argv[i], "--help") == 0)
            options->help = true;
        else if (strcmp(argv[i], "--version") == 0)
            options->version = true;
        else
            return false;
    }
    return true;
}

/*
 * The libraries below would listen to it: proxies, other trusted roots, another configuration of
 * OpenSSL, a file to write our keys to.
 */
static void forget_environment(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    AUTO_FREE char *kept = stream == NULL ? NULL : must_copy_text(stream, strlen(stream));

    (void)clearenv();
    if (kept != NULL)
        (void)setenv("JOURNAL_STREAM", kept, 1);
}

static int run_send(const struct layout *layout)
{
    struct send_result result;
    struct error err = {0};
    int r = send_outbox(layout, &result, &err);

    if (r == 0)
        return EXIT_CODE_GOOD;
    journal_write(r == -EAGAIN ? JOURNAL_NOTICE : JOURNAL_WARNING, "%s", err.message);
    return r == -EINVAL ? EXIT_CODE_CONFIGURATION : EXIT_CODE_FAILED;
}

static int read_input(struct text *input, struct error *err)
{
    char buffer[4096];

    for (;;) {
        ssize_t n = read(STDIN_FILENO, buffer, sizeof(buffer));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, errno, "cannot read the request: %s", strerror(errno));
        if (n == 0)
            return 0;
        if (input->length + (size_t)n > INPUT_MAX_SIZE)
            return error_set(err, EFBIG, "the request is too long");
        text_add(input, buffer, (size_t)n);
    }
}

/* The parent tells the person, so a failure goes to it as {"error": …} and not to the journal. */
static int run_enrol(const struct layout *layout)
{
    AUTO(text_clear) struct text input = {0}, answer = {0};
    struct json_writer writer = {0};
    struct error err = {0};
    int r = read_input(&input, &err);

    if (r == 0)
        r = join_server(layout, &input, &answer, &err);
    if (input.length > 0)
        explicit_bzero(input.bytes, input.length);
    if (r == 0) {
        (void)fwrite(answer.bytes, 1, answer.length, stdout);
        return EXIT_CODE_GOOD;
    }
    json_begin_object(&writer);
    json_add_text(&writer, "error", err.message);
    json_end_object(&writer);
    (void)fwrite(writer.out.bytes, 1, writer.out.length, stdout);
    text_clear(&writer.out);
    return EXIT_CODE_FAILED;
}

int main(int argc, char **argv)
{
    struct options options = {0};

    forget_environment();
    journal_open("dijkwacht-upload");
    if (!read_options(argc, argv, &options)) {
        journal_write(JOURNAL_ERROR, "cannot understand the command line: see upload --help");
        return EXIT_CODE_USAGE;
    }
    if (options.help) {
        (void)fputs(help, stdout);
        return EXIT_CODE_GOOD;
    }
    if (options.version) {
        (void)puts("upload " DIJKWACHT_VERSION);
        return EXIT_CODE_GOOD;
    }
    return options.enrol ? run_enrol(&options.layout) : run_send(&options.layout);
}
