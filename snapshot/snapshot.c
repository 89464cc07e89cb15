#include "snapshot/snapshot.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"
#include "platform/zstd_frame.h"

const char *const clock_state_names[] = {
    [CLOCK_SYNCED] = "synced",
    [CLOCK_UNSYNCED] = "unsynced",
    [CLOCK_UNKNOWN] = "unknown",
    [CLOCK_STATE_COUNT] = NULL,
};

const char *clock_state_name(enum clock_state state)
{
    return clock_state_names[state];
}

/* The only header that a snapshot of this machine and certificate has. */
static void write_header(const char *machine, const struct digest *certificate, struct text *out)
{
    text_add_format(out,
                    "{\"alg\":\"ES256\",\"typ\":\"dijkwacht-snapshot+jws\","
                    "\"cty\":\"application/zstd\",\"kid\":\"%s\",\"x5t#S256\":\"",
                    machine);
    base64url_encode(certificate->bytes, DIGEST_SIZE, out);
    text_add_string(out, "\"}");
}

/* Whether this is the machine's certificate for signing, so that nothing else is taken for it. */
static int check_certificate(const struct certificate *certificate, const char *machine,
                             char ret_organisation[ORGANISATION_ID_SIZE], struct error *err)
{
    char issued_to[MACHINE_ID_SIZE] = "";

    if (certificate_purpose(certificate) != CERTIFICATE_SIGNING ||
        certificate_machine(certificate, ret_organisation, issued_to, NULL) < 0 ||
        strcmp(issued_to, machine) != 0)
        return error_set(err, EKEYREJECTED,
                         "snapshot: the certificate is not this machine's for signing");
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): who signs, what, and where to */
int snapshot_sign(const struct signing_key *key, const struct text *certificate_der,
                  const char *machine, const char *payload, size_t payload_length, struct text *out,
                  struct error *err)
{
    AUTO(text_clear) struct text header = {0}, frame = {0};
    struct digest certificate;

    if (!own_certificate_fits(certificate_der, key, machine))
        return error_set(err, EKEYREJECTED,
                         "snapshot: the certificate is not this machine's for signing");
    if (payload_length > SNAPSHOT_MAX_DECODED)
        return error_set(err, EFBIG, "snapshot: larger than %u bytes", SNAPSHOT_MAX_DECODED);
    zstd_encode(payload, payload_length, &frame);
    digest_of(certificate_der->bytes, certificate_der->length, &certificate);
    write_header(machine, &certificate, &header);
    return jws_sign(key, header.bytes, frame.bytes, frame.length, out, err);
}

static int check_envelope(const struct jws *jws, const char *machine,
                          const struct certificate *certificate, struct error *err)
{
    AUTO(text_clear) struct text header = {0};
    struct digest digest;

    certificate_digest(certificate, &digest);
    write_header(machine, &digest, &header);
    if (strcmp(jws->header, header.bytes) != 0)
        return error_set(err, EKEYREJECTED,
                         "snapshot: its header is not that of this machine and certificate");
    return jws_verify(jws, certificate, err);
}

int snapshot_read(const char *compact, size_t length, const char *machine,
                  const struct certificate *certificate, struct snapshot *ret_snapshot,
                  struct error *err)
{
    AUTO(jws_clear) struct jws jws = {0};
    AUTO(text_clear) struct text payload = {0};
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    char organisation[ORGANISATION_ID_SIZE] = "";
    int r = check_certificate(certificate, machine, organisation, err);

    if (r == 0)
        r = jws_split(compact, length, &jws, err);
    if (r == 0)
        r = check_envelope(&jws, machine, certificate, err);
    if (r == 0)
        r = zstd_decode(jws.payload, jws.payload_length, SNAPSHOT_MAX_DECODED, &payload, err);
    if (r == 0)
        r = snapshot_read_payload(text_string(&payload), payload.length, &snapshot, err);
    if (r < 0)
        return r;
    if (strcmp(snapshot.head.machine, machine) != 0)
        return error_set(err, EBADMSG, "snapshot: it names another machine than its header");
    memcpy(snapshot.head.organisation, organisation, sizeof(organisation));
    *ret_snapshot = snapshot;
    snapshot = (struct snapshot){0};
    return 0;
}

int snapshot_decode(const char *compact, size_t length, struct text *out_payload, struct error *err)
{
    AUTO(jws_clear) struct jws jws = {0};
    int r = jws_split(compact, length, &jws, err);

    return r < 0 ? r
                 : zstd_decode(jws.payload, jws.payload_length, SNAPSHOT_MAX_DECODED, out_payload,
                               err);
}

static int apply_changes(const struct snapshot *snapshot, struct state *state, struct error *err)
{
    for (size_t i = 0; i < snapshot->removed_count; i++)
        if (!state_remove(state, snapshot->removed[i]))
            return error_set(err, EBADMSG,
                             "snapshot: removes the section \"%s\", which was not there",
                             snapshot->removed[i]);
    for (size_t i = 0; i < snapshot->section_count; i++)
        if (state_set(state, snapshot->sections[i].name, &snapshot->sections[i].digest) < 0)
            return error_set(err, EBADMSG, "snapshot: more than %u sections together",
                             STATE_SECTIONS_MAX);
    return 0;
}

int snapshot_apply(const struct snapshot *snapshot, const struct state *base,
                   struct state *ret_state, struct error *err)
{
    struct state state = {0};
    struct digest digest;
    int r;

    if (snapshot->head.has_base) {
        state = *base;
        state_digest(&state, &digest);
        if (memcmp(digest.bytes, snapshot->head.base.bytes, DIGEST_SIZE) != 0)
            return error_set(err, ESTALE, "snapshot: builds on another state");
    }
    r = apply_changes(snapshot, &state, err);
    if (r < 0)
        return r;
    state_digest(&state, &digest);
    if (memcmp(digest.bytes, snapshot->head.state.bytes, DIGEST_SIZE) != 0)
        return error_set(err, EBADMSG,
                         "snapshot: its sections do not give the state that it promises");
    *ret_state = state;
    return 0;
}
