#include "agent/enrol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/enrolment.h"
#include "agent/exit_code.h"
#include "agent/identity.h"
#include "agent/outbox.h"
#include "agent/step.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/encoding.h"
#include "platform/file.h"
#include "platform/journal.h"
#include "platform/json.h"
#include "platform/json_writer.h"
#include "platform/text.h"
#include "snapshot/snapshot.h"

struct enrolling {
    const struct layout *layout;
    struct join_code code;
    char identity[IDENTITY_NAME_SIZE];
    char machine[MACHINE_ID_SIZE]; /* once it is enrolled */
    int request_pipe[2];           /* from the step that holds the key */
    struct certificate *root, *intermediate, *tls, *signing;
};

static void enrolling_clear(struct enrolling *enrolling)
{
    certificate_free(enrolling->root);
    certificate_free(enrolling->intermediate);
    certificate_free(enrolling->tls);
    certificate_free(enrolling->signing);
    auto_close(&enrolling->request_pipe[0]);
    auto_close(&enrolling->request_pipe[1]);
    explicit_bzero(&enrolling->code, sizeof(enrolling->code));
}

static int report(int r, const struct error *err)
{
    if (r >= 0)
        return EXIT_CODE_GOOD;
    journal_write(JOURNAL_ERROR, "%s", err->message);
    return EXIT_CODE_FAILED;
}

/* As dijkwacht-collect: the key is made, or found, and only its request leaves this process. */
static int step_begin(void *context)
{
    struct enrolling *enrolling = context;
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(text_clear) struct text der = {0}, request = {0};
    struct error err = {0};
    AUTO_CLOSE int folder = layout_open(enrolling->layout, FOLDER_COLLECT, &err);
    int r = folder;

    if (r >= 0)
        r = directory_remove_leftovers(folder, &err);
    if (r >= 0)
        r = identity_begin(folder, IDENTITY_SIGNING, enrolling->identity, &key, &err);
    if (r >= 0)
        r = signing_key_request(key, &der, &err);
    if (r >= 0) {
        base64_encode(der.bytes, der.length, &request);
        if (write(enrolling->request_pipe[1], request.bytes, request.length) !=
            (ssize_t)request.length)
            r = error_set(&err, EPIPE, "cannot hand over the request for a certificate");
    }
    return report(r, &err);
}

static const struct step begin_step = {.user = COLLECT_USER, .run = step_begin};

static int begin(struct enrolling *enrolling, struct text *out_request, struct error *err)
{
    char buffer[4096]; /* a request is far smaller, and a pipe holds this much */
    ssize_t length;
    int r;

    if (pipe2(enrolling->request_pipe, O_CLOEXEC) < 0)
        return error_set(err, errno, "cannot start: %s", strerror(errno));
    r = step_run(enrolling->layout, &begin_step, enrolling, err);
    if (r < 0)
        return r;
    if (r != EXIT_CODE_GOOD)
        return error_set(err, EIO, "no key could be made for this machine");
    length = read(enrolling->request_pipe[0], buffer, sizeof(buffer));
    if (length <= 0)
        return error_set(err, EIO, "no request for a certificate was made");
    text_add(out_request, buffer, (size_t)length);
    return 0;
}

static int read_certificate(const struct json *document, const char *name,
                            struct certificate **ret_certificate, struct error *err)
{
    const char *pem = json_text(json_member(document, name));
    int r;

    if (pem == NULL)
        return error_set(err, EBADMSG, "the uploader's answer has no certificate \"%s\"", name);
    r = certificate_from_pem(pem, strlen(pem), ret_certificate, err);
    return r < 0 ? error_wrap(err, r, name) : 0;
}

static int read_answer(struct enrolling *enrolling, const struct text *answer, struct error *err)
{
    AUTO(auto_json_free) struct json *document = NULL;
    const char *failure;
    int r = json_parse(text_string(answer), answer->length, &json_default_limits, &document, err);

    if (r < 0)
        return error_set(err, EIO, "the uploader did not finish: run it again with the same code");
    failure = json_text(json_member(document, "error"));
    if (failure != NULL)
        return error_set(err, EIO, "%s", failure);
    r = read_certificate(document, "root", &enrolling->root, err);
    if (r == 0)
        r = read_certificate(document, "intermediate", &enrolling->intermediate, err);
    if (r == 0)
        r = read_certificate(document, "tls", &enrolling->tls, err);
    if (r == 0)
        r = read_certificate(document, "signing", &enrolling->signing, err);
    return r;
}

static int ask_server(struct enrolling *enrolling, const char *code, size_t length,
                      const struct text *request, struct error *err)
{
    AUTO(text_clear) struct text pasted = {0}, answer = {0};
    struct json_writer writer = {0};
    int r;

    text_add(&pasted, code, length);
    json_begin_object(&writer);
    json_add_text(&writer, "code", text_string(&pasted));
    json_add_text(&writer, "request", text_string(request));
    json_end_object(&writer);
    r = step_execute_uploader(enrolling->layout, "enrol", &writer.out, &answer, err);
    explicit_bzero(writer.out.bytes, writer.out.length);
    text_clear(&writer.out);
    explicit_bzero(pasted.bytes, pasted.length);
    return r < 0 ? r : read_answer(enrolling, &answer, err);
}

/* The uploader is not believed: everything it brought must follow from the join code. */
static int check_certificates(const struct enrolling *enrolling, struct enrolment *ret_enrolment,
                              struct error *err)
{
    char organisation[ORGANISATION_ID_SIZE], machine[MACHINE_ID_SIZE];
    struct digest digest;
    int r;

    certificate_spki_digest(enrolling->root, &digest);
    if (memcmp(&digest, &enrolling->code.root_pin, sizeof(digest)) != 0)
        return error_set(err, EKEYREJECTED, "the root is not the one that the join code names");
    r = certificate_verify(enrolling->tls, enrolling->intermediate, enrolling->root,
                           CERTIFICATE_TLS_CLIENT, clock_now(), err);
    if (r == 0)
        r = certificate_verify(enrolling->signing, enrolling->intermediate, enrolling->root,
                               CERTIFICATE_SIGNING, clock_now(), err);
    if (r == 0)
        r = certificate_machine(enrolling->tls, organisation, machine, err);
    if (r == 0)
        r = certificate_machine(enrolling->signing, ret_enrolment->organisation,
                                ret_enrolment->machine, err);
    if (r < 0)
        return r;
    if (strcmp(organisation, ret_enrolment->organisation) != 0 ||
        strcmp(machine, ret_enrolment->machine) != 0)
        return error_set(err, EKEYREJECTED, "the two certificates are for different machines");
    return 0;
}

/* As dijkwacht-collect: only the certificate of our own key is kept. */
static int step_keep(void *context)
{
    struct enrolling *enrolling = context;
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    struct error err = {0};
    AUTO_CLOSE int folder = layout_open(enrolling->layout, FOLDER_COLLECT, &err);
    int r = folder;

    if (r >= 0)
        r = identity_begin(folder, IDENTITY_SIGNING, enrolling->identity, &key, &err);
    if (r >= 0 && !certificate_is_for(enrolling->signing, key))
        r = error_set(&err, EKEYREJECTED, "the server certified another key than this machine's");
    if (r >= 0)
        r = identity_save_certificate(folder, IDENTITY_SIGNING, enrolling->identity,
                                      enrolling->signing, &err);
    return report(r, &err);
}

static bool is_of_another(int outbox, const char *name, const char *machine)
{
    AUTO(text_clear) struct text bytes = {0}, payload = {0};
    AUTO(snapshot_clear) struct snapshot snapshot = {0};

    return file_read(outbox, name, SNAPSHOT_MAX_SIZE, &bytes, NULL) == 0 &&
           snapshot_decode(text_string(&bytes), bytes.length, &payload, NULL) == 0 &&
           snapshot_read_payload(text_string(&payload), payload.length, &snapshot, NULL) == 0 &&
           strcmp(snapshot.head.machine, machine) != 0;
}

/* As dijkwacht-collect: what the machine was before is over, its snapshots are of another one. */
static int step_tidy_collect(void *context)
{
    struct enrolling *enrolling = context;
    AUTO(outbox_clear) struct outbox files = {0};
    struct error err = {0};
    AUTO_CLOSE int folder = layout_open(enrolling->layout, FOLDER_COLLECT, &err);
    AUTO_CLOSE int outbox = layout_open(enrolling->layout, FOLDER_OUTBOX, &err);
    int r = folder < 0 ? folder : outbox;

    if (r >= 0)
        r = identity_remove_others(folder, IDENTITY_SIGNING, enrolling->identity, &err);
    if (r >= 0)
        r = outbox_list(outbox, &files, &err);
    for (size_t i = 0; r >= 0 && i < files.count; i++)
        if (is_of_another(outbox, files.files[i].name, enrolling->machine))
            r = file_remove(outbox, files.files[i].name, &err);
    return report(r, &err);
}

static int step_tidy_tls(void *context)
{
    struct enrolling *enrolling = context;
    struct error err = {0};
    AUTO_CLOSE int folder = layout_open(enrolling->layout, FOLDER_TLS, &err);

    return report(folder < 0
                      ? folder
                      : identity_remove_others(folder, IDENTITY_TLS, enrolling->identity, &err),
                  &err);
}

static const struct step keep_step = {.user = COLLECT_USER, .run = step_keep};
static const struct step tidy_collect_step = {.user = COLLECT_USER, .run = step_tidy_collect};
static const struct step tidy_tls_step = {.user = UPLOAD_USER, .run = step_tidy_tls};

/* Enrolled. What is left over from before only takes up space. */
static void tidy(struct enrolling *enrolling, const struct enrolment *enrolment)
{
    memcpy(enrolling->machine, enrolment->machine, sizeof(enrolling->machine));
    (void)step_run(enrolling->layout, &tidy_collect_step, enrolling, NULL);
    (void)step_run(enrolling->layout, &tidy_tls_step, enrolling, NULL);
}

static int keep(struct enrolling *enrolling, const struct enrolment *enrolment, struct error *err)
{
    int r = step_run(enrolling->layout, &keep_step, enrolling, err);

    if (r > 0)
        r = error_set(err, EIO, "the certificate could not be kept: run it again with this code");
    if (r == 0)
        r = trust_save(enrolling->layout, enrolling->root, err);
    if (r == 0)
        r = enrolment_save(enrolling->layout, enrolment, err);
    if (r == 0)
        tidy(enrolling, enrolment);
    return r;
}

/* -EALREADY when this join code is the one that the machine is enrolled with. */
static int check_may_start(struct enrolling *enrolling, bool again, struct error *err)
{
    struct enrolment before;

    if (enrolling->layout->state == NULL && geteuid() != 0)
        return error_set(err, EPERM, "only root may enrol this machine: put sudo before it");
    if (enrolment_load(enrolling->layout, &before, NULL) < 0)
        return 0;
    if (strcmp(before.identity, enrolling->identity) == 0) {
        tidy(enrolling, &before); /* it may have been interrupted there */
        return error_set(err, EALREADY, "this machine is enrolled as \"%.64s\" with this join code",
                         before.label);
    }
    if (!again)
        return error_set(err, EEXIST,
                         "this machine is enrolled already, as \"%.64s\"; to enrol it anew, use "
                         "dijkwacht enrol --again",
                         before.label);
    return 0;
}

int enrol_machine(const struct layout *layout, const char *code, size_t length, bool again,
                  struct error *err)
{
    AUTO(enrolling_clear) struct enrolling enrolling = {.layout = layout, .request_pipe = {-1, -1}};
    AUTO(text_clear) struct text request = {0};
    struct enrolment enrolment = {0};
    int r = join_code_read(code, length, &enrolling.code, err);

    if (r < 0)
        return r;
    identity_name(&enrolling.code, enrolling.identity);
    r = check_may_start(&enrolling, again, err);
    if (r == 0)
        r = begin(&enrolling, &request, err);
    if (r == 0)
        r = ask_server(&enrolling, code, length, &request, err);
    if (r == 0)
        r = check_certificates(&enrolling, &enrolment, err);
    if (r < 0)
        return r;
    (void)snprintf(enrolment.url, sizeof(enrolment.url), "%s", enrolling.code.url);
    (void)snprintf(enrolment.label, sizeof(enrolment.label), "%s", enrolling.code.label);
    memcpy(enrolment.identity, enrolling.identity, sizeof(enrolment.identity));
    return keep(&enrolling, &enrolment, err);
}
