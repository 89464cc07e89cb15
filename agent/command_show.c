#include <stdio.h>
#include <string.h>

#include "agent/collect.h"
#include "agent/command.h"
#include "agent/exit_code.h"
#include "agent/published.h"
#include "agent/screen.h"
#include "agent/show.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/journal.h"
#include "platform/text.h"

static int show(const struct arguments *arguments, const struct text *payload, struct error *err)
{
    AUTO(text_clear) struct text out = {0};
    struct screen screen;
    int r = 0;

    if (arguments->json) {
        (void)fwrite(payload->bytes, 1, payload->length, stdout);
        (void)fputc('\n', stdout);
        return 0;
    }
    screen_open(&screen);
    r = show_payload(text_string(payload), payload->length, &screen, &out, err);
    (void)fputs(text_string(&out), stdout);
    return r;
}

static int show_next(const struct arguments *arguments, struct error *err)
{
    AUTO(text_clear) struct text payload = {0};
    int r = collect_preview(&arguments->layout, arguments->root, &payload, err);

    if (r == 0)
        r = show(arguments, &payload, err);
    if (r == 0 && !arguments->json)
        (void)puts("\nNothing was sent: this is what the next check-in would build on.");
    return r;
}

static void say_delivered(const struct delivery *delivery)
{
    AUTO(text_clear) struct text line = {0};
    int64_t now = clock_now();

    if (strcmp(delivery->made, delivery->received) == 0) {
        text_add_string(&line, "\nReceived by the server: ");
        screen_add_time(delivery->received_at, now, &line);
    } else {
        text_add_string(&line, "\nNot confirmed by the server yet.");
    }
    (void)puts(text_string(&line));
}

static int show_last(const struct arguments *arguments, struct error *err)
{
    AUTO(text_clear) struct text bytes = {0}, payload = {0};
    struct delivery delivery;
    int r;

    published_read_delivery(&arguments->layout, &delivery);
    r = published_read_last(&arguments->layout, &delivery, &bytes, err);
    if (r == 0 && arguments->raw) {
        (void)fwrite(bytes.bytes, 1, bytes.length, stdout);
        return 0;
    }
    if (r == 0)
        r = snapshot_decode(text_string(&bytes), bytes.length, &payload, err);
    if (r == 0)
        r = show(arguments, &payload, err);
    if (r == 0 && !arguments->json)
        say_delivered(&delivery);
    return r;
}

int command_show(const struct arguments *arguments)
{
    struct error err = {0};
    int r;

    if (arguments->next + arguments->last > 1 || arguments->raw + arguments->json > 1 ||
        (arguments->next && arguments->raw)) {
        journal_write(JOURNAL_ERROR, "these options do not go together: see dijkwacht show --help");
        return EXIT_CODE_USAGE;
    }
    r = arguments->next ? show_next(arguments, &err) : show_last(arguments, &err);
    if (r == 0)
        return EXIT_CODE_GOOD;
    journal_write(JOURNAL_ERROR, "%s", err.message);
    return EXIT_CODE_FAILED;
}
