#pragma once

#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "platform/text.h"
#include "server-api/keeper/keeper.h"

/* What the keeper does with its keys, without the process around it. */
struct keeper_authority;

/*
 * Loads the key folder, which nobody else may enter, and checks that keys and certificates belong
 * together and hold at this time.
 */
int keeper_authority_load(const char *key_folder, int64_t now,
                          struct keeper_authority **ret_authority, struct error *err);
void keeper_authority_free(struct keeper_authority *authority);
void auto_keeper_authority_free(struct keeper_authority **authority);

/*
 * Carries an order out, clock being the keeper's own: see struct certificate_order for what is
 * allowed. -EINVAL for an order that is not, -EKEYEXPIRED when the intermediate has ended.
 */
int keeper_authority_issue(const struct keeper_authority *authority,
                           const struct certificate_order *order, int64_t clock,
                           struct certificate **ret_certificate, struct error *err);

/* Signs one receipt and adds it to out. -EINVAL for one of another time than the clock's. */
int keeper_authority_sign_receipt(const struct keeper_authority *authority,
                                  const struct receipt *receipt, int64_t clock, struct text *out,
                                  struct error *err);
