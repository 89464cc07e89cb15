#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "platform/text.h"
#include "server-api/keeper/keeper.h"
#include "server-api/keeper/spki.h"

/*
 * What the API process and the keeper say to each other, one datagram a message: a version byte, a
 * kind byte, then fields, integers in little-endian order and text with its length before it. Every
 * reader takes nothing but exactly what its writer wrote: -EBADMSG.
 */
#define KEEPER_MESSAGE_VERSION  1U
#define KEEPER_MESSAGE_MAX      (160U * 1024U) /* below the default buffer of a socket */
#define KEEPER_RECEIPTS_MAX     8U             /* in one message: 8 answers of 16 KiB fit */
#define KEEPER_NAMES_MAX        16U
#define KEEPER_NAME_SIZE        254U
#define KEEPER_CERTIFICATE_SIZE 4096U

enum keeper_message {
    KEEPER_READY = 1,   /* the keys are loaded, nothing more */
    KEEPER_FAILED,      /* an errno value and one line */
    KEEPER_ISSUE,       /* an order */
    KEEPER_CERTIFICATE, /* DER */
    KEEPER_SIGN,        /* receipts */
    KEEPER_SIGNED,      /* as many compact JWS */
};

/* The kind of a message, 0 when it has none that is known. */
unsigned message_kind(const void *bytes, size_t length);

void message_write_ready(struct text *out);

void message_write_failure(int code, const char *words, struct text *out);
/* Answers the failure in err, and its negative code; -EBADMSG when it is no such message. */
int message_read_failure(const void *bytes, size_t length, struct error *err);

/* An order with room for what it points to. */
struct order_message {
    struct certificate_order order;
    uint8_t spki[P256_SPKI_SIZE];
    char names[KEEPER_NAMES_MAX][KEEPER_NAME_SIZE];
    const char *name_list[KEEPER_NAMES_MAX + 1];
};
/* Fails with -EINVAL when the order is larger than an order can be. */
int message_write_order(const struct certificate_order *order, struct text *out, struct error *err);
int message_read_order(const void *bytes, size_t length, struct order_message *ret_order,
                       struct error *err);

void message_write_certificate(const struct certificate *certificate, struct text *out);
int message_read_certificate(const void *bytes, size_t length, struct certificate **ret_certificate,
                             struct error *err);

void message_write_receipts(const struct receipt *receipts, size_t count, struct text *out);
/* receipts has room for KEEPER_RECEIPTS_MAX. */
int message_read_receipts(const void *bytes, size_t length, struct receipt *receipts,
                          size_t *ret_count, struct error *err);

void message_write_signed(const struct text *compact, size_t count, struct text *out);
/* Adds each to the text beside it; exactly count of them. */
int message_read_signed(const void *bytes, size_t length, struct text *compact, size_t count,
                        struct error *err);
