#pragma once

#include "agent/layout.h"
#include "platform/error.h"
#include "snapshot/join_code.h"
#include "snapshot/signature.h"

#define IDENTITY_NAME_SIZE 17U /* 16 hexadecimal digits with NUL */

/*
 * That this machine belongs to an organisation, and where it reports: enrolment.json, written last
 * of all by "dijkwacht enrol". It names the keys that count, so both of them change at once.
 */
struct enrolment {
    char url[SERVER_URL_SIZE];
    char organisation[ORGANISATION_ID_SIZE];
    char machine[MACHINE_ID_SIZE];
    char label[MACHINE_LABEL_SIZE];
    char identity[IDENTITY_NAME_SIZE]; /* which key files, see agent/identity.h */
};

/* Fails with -ENOENT and a line that says what to do when the machine is not enrolled yet. */
int enrolment_load(const struct layout *layout, struct enrolment *ret_enrolment, struct error *err);
int enrolment_parse(const char *text, size_t length, struct enrolment *ret_enrolment,
                    struct error *err);
int enrolment_save(const struct layout *layout, const struct enrolment *enrolment,
                   struct error *err);

/* The pinned root, trust.pem. */
int trust_load(const struct layout *layout, struct certificate **ret_root, struct error *err);
int trust_save(const struct layout *layout, const struct certificate *root, struct error *err);
