#include "agent/uploader/patience.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/text.h"
#include "snapshot/receipt.h"

#define NOT_BEFORE_FILE  "not-before"
#define SERVER_TIME_FILE "server-time"

/* Losing either costs one request too early, so a failure to write them is no failure. */
static void write_time(int receipts, const char *name, int64_t time)
{
    char text[CLOCK_TEXT_SIZE];

    clock_to_text(time, text);
    (void)file_write(receipts, name, 0640, text, strlen(text), NULL);
}

static int64_t read_time(int receipts, const char *name)
{
    AUTO(text_clear) struct text text = {0};
    int64_t time;

    if (file_read(receipts, name, CLOCK_TEXT_SIZE, &text, NULL) < 0 ||
        !clock_from_text(text_string(&text), text.length, &time))
        return 0;
    return time;
}

void patience_ask(int receipts, int64_t now, uint64_t seconds)
{
    if (seconds < PATIENCE_SHORTEST)
        seconds = PATIENCE_SHORTEST;
    if (seconds > PATIENCE_LONGEST)
        seconds = PATIENCE_LONGEST;
    write_time(receipts, NOT_BEFORE_FILE, now + (int64_t)seconds);
}

int patience_check(int receipts, int64_t now, struct error *err)
{
    int64_t until = read_time(receipts, NOT_BEFORE_FILE);
    char text[CLOCK_TEXT_SIZE];

    if (now >= until || until > now + (int64_t)PATIENCE_LONGEST)
        return 0;
    clock_to_text(until, text);
    return error_set(err, EAGAIN, "the server asked to wait until %s", text);
}

void patience_note_time(int receipts, const struct text *receipt)
{
    struct receipt content;
    struct jws jws = {0};

    if (jws_split(receipt->bytes, receipt->length, &jws, NULL) == 0 &&
        receipt_read_payload((const char *)jws.payload, jws.payload_length, &content, NULL) == 0)
        write_time(receipts, SERVER_TIME_FILE, content.received_at);
    jws_clear(&jws);
}

int64_t patience_server_time(int receipts)
{
    return read_time(receipts, SERVER_TIME_FILE);
}
