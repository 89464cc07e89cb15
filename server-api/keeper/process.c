#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "server-api/keeper/authority.h"
#include "server-api/keeper/channel.h"
#include "server-api/keeper/keeper.h"
#include "server-api/keeper/lock.h"
#include "server-api/keeper/messages.h"

/* Everything that a message can hold; the process has one thread. */
static uint8_t request[KEEPER_MESSAGE_MAX];
static struct receipt receipts[KEEPER_RECEIPTS_MAX];

static int issue(const struct keeper_authority *authority, size_t length, struct text *answer,
                 struct error *err)
{
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;
    static struct order_message order;
    int r = message_read_order(request, length, &order, err);

    if (r == 0)
        r = keeper_authority_issue(authority, &order.order, clock_now(), &certificate, err);
    if (r == 0)
        message_write_certificate(certificate, answer);
    return r;
}

static int sign(const struct keeper_authority *authority, size_t length, struct text *answer,
                struct error *err)
{
    struct text compact[KEEPER_RECEIPTS_MAX] = {0};
    size_t count = 0;
    int r = message_read_receipts(request, length, receipts, &count, err);

    for (size_t i = 0; r == 0 && i < count; i++)
        r = keeper_authority_sign_receipt(authority, &receipts[i], clock_now(), &compact[i], err);
    if (r == 0)
        message_write_signed(compact, count, answer);
    for (size_t i = 0; i < KEEPER_RECEIPTS_MAX; i++)
        text_clear(&compact[i]);
    return r;
}

static void answer_request(const struct keeper_authority *authority, size_t length,
                           struct text *answer)
{
    struct error err = {0};
    int r;

    if (length > sizeof(request))
        r = error_set(&err, EMSGSIZE, "the message is too large");
    else if (message_kind(request, length) == KEEPER_ISSUE)
        r = issue(authority, length, answer, &err);
    else if (message_kind(request, length) == KEEPER_SIGN)
        r = sign(authority, length, answer, &err);
    else
        r = error_set(&err, EBADMSG, "the message is of no kind that the keeper knows");
    if (r < 0) {
        text_truncate(answer, 0);
        message_write_failure(-r, err.message, answer);
    }
}

/* At once: what a C library or a sanitizer does at an end is forbidden by now. */
static void end(int code)
{
    (void)syscall(SYS_exit_group, code);
}

/* Until the other end is closed. */
static void serve(const struct keeper_authority *authority)
{
    AUTO(text_clear) struct text answer = {0};

    for (;;) {
        ssize_t n = channel_receive(KEEPER_CHANNEL, request, sizeof(request));

        if (n <= 0)
            end(n == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
        text_truncate(&answer, 0);
        answer_request(authority, (size_t)n, &answer);
        if (channel_send(KEEPER_CHANNEL, &answer) < 0)
            end(EXIT_FAILURE);
    }
}

/* OpenSSL and the C library fetch some things when they are first needed. After the lock they
 * could not, so everything is done once before it. */
static int rehearse(const struct keeper_authority *authority, struct error *err)
{
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(text_clear) struct text compact = {0};
    static const char *const names[] = {"localhost", NULL};
    struct receipt receipt = {.machine = "00000000-0000-0000-0000-000000000000",
                              .received_at = clock_now()};
    uint8_t spki[P256_SPKI_SIZE];
    struct certificate_order order = {
        .purpose = CERTIFICATE_TLS_SERVER,
        .spki = spki,
        .spki_length = sizeof(spki),
        .names = names,
        .now = clock_now(),
        .lifetime_seconds = 1,
    };
    int r = signing_key_generate(&key, err);

    if (r < 0)
        return r;
    spki_of_key(key, spki);
    r = keeper_authority_issue(authority, &order, clock_now(), &certificate, err);
    if (r == 0)
        r = keeper_authority_sign_receipt(authority, &receipt, clock_now(), &compact, err);
    return r;
}

/* The one that started us decides when we end, by closing the channel: a signal to the whole
 * group must not take the keys away under requests that are still being answered. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

    for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
        (void)signal(ignored[i], SIG_IGN);
}

int keeper_main(int argc, char **argv)
{
    AUTO(auto_keeper_authority_free) struct keeper_authority *authority = NULL;
    AUTO(text_clear) struct text answer = {0};
    struct error err = {0};
    int r;

    ignore_signals();
    if (argc != 3)
        r = error_set(&err, EINVAL, "the keeper is started by dijkwacht-server serve alone");
    else
        r = keeper_authority_load(argv[2], clock_now(), &authority, &err);
    if (r == 0)
        r = rehearse(authority, &err);
    if (r == 0)
        r = process_lock(&err);
    if (r < 0)
        message_write_failure(-r, err.message, &answer);
    else
        message_write_ready(&answer);
    if (channel_send(KEEPER_CHANNEL, &answer) < 0 || r < 0)
        return EXIT_FAILURE;
    serve(authority);
    return EXIT_FAILURE;
}
