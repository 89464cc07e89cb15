#pragma once

#include <stddef.h>

#include "platform/error.h"
#include "snapshot/signature.h"

#define EST_CERTIFICATES_MAX 8U

/* The certificates of an EST answer. Start with {0}. */
struct certificate_list {
    struct certificate *items[EST_CERTIFICATES_MAX];
    size_t count;
};

/*
 * Reads a certs-only PKCS#7 in base64, as EST servers answer (RFC 7030, 4.1.3; RFC 8951, 3). They
 * are read, not believed. Fails with -EBADMSG on anything else; the caller clears the list.
 */
int certificate_list_read(const char *base64, size_t length, struct certificate_list *ret_list,
                          struct error *err);
void certificate_list_clear(struct certificate_list *list);
