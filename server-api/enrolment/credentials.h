#pragma once

#include <stdbool.h>

#include "platform/digest.h"
#include "snapshot/join_code.h"

/*
 * Reads the header value "Basic …" (RFC 7617) with a join token and its secret, of which it answers
 * the digest. False for anything else.
 */
bool credentials_read(const char *header, char ret_token_id[TOKEN_ID_SIZE],
                      struct digest *ret_secret);
