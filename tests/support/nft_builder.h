#pragma once

#include <stddef.h>
#include <stdint.h>

#include "platform/text.h"

/*
 * Writes dumps of nf_tables as the kernel would, and as it never would: tables, chains, rules and
 * sets of the family inet in the table "t".
 */

/* Opens a message of that kind (NFT_MSG_NEW...), or an attribute that holds others; the answer is
 * for closing it. */
size_t nft_open_message(struct text *out, unsigned kind);
size_t nft_open_attribute(struct text *out, uint16_t type);
void nft_close_message(struct text *out, size_t start);
void nft_close_attribute(struct text *out, size_t start);

void nft_add_text(struct text *out, uint16_t type, const char *value);
void nft_add_number(struct text *out, uint16_t type, uint32_t value);
/* A data attribute with a value. */
void nft_add_value(struct text *out, uint16_t type, const void *bytes, size_t length);
/* A data attribute with a verdict; chain NULL where it names none. */
void nft_add_verdict(struct text *out, uint16_t type, int32_t code, const char *chain);

void nft_build_table(struct text *out, uint32_t flags);
void nft_build_chain(struct text *out, const char *name);
void nft_build_base_chain(struct text *out, const char *name, uint32_t hook, int32_t priority,
                          uint32_t policy);

/* Rules: open, add expressions, close. */
struct nft_open_rule {
    size_t message, expressions;
};
struct nft_open_rule nft_open_rule(struct text *out, const char *chain);
void nft_close_rule(struct text *out, struct nft_open_rule rule);

struct nft_open_expression {
    size_t item, data;
};
struct nft_open_expression nft_open_expression(struct text *out, const char *name);
void nft_close_expression(struct text *out, struct nft_open_expression expression);

/* Whole expressions. */
void nft_build_plain(struct text *out, const char *name);
void nft_build_port_is(struct text *out, uint16_t port);
void nft_build_xtables_match(struct text *out, const char *name);
void nft_build_verdict(struct text *out, int32_t code, const char *chain);
void nft_build_port_lookup(struct text *out, const char *set);
