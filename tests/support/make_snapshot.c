/*
 * Writes what a machine and a server exchange into the folder given as argument, so that other
 * programs can verify it: two chained snapshots, a receipt, their certificates and payloads.
 */
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/error.h"
#include "platform/file.h"
#include "snapshot/receipt.h"
#include "tests/support/snapshots.h"
#include "tests/support/test.h"

static int folder = -1;

static void write_file(const char *name, const struct text *content)
{
    struct error err = {0};

    if (file_write(folder, name, 0644, content->bytes, content->length, &err) < 0)
        fail_msg("%s", err.message);
}

static void write_certificate(const char *name, const struct certificate *certificate)
{
    AUTO(text_clear) struct text pem = {0};

    certificate_to_pem(certificate, &pem);
    write_file(name, &pem);
}

static void write_payload(const char *name, const struct text *snapshot)
{
    AUTO(text_clear) struct text payload = {0};

    if (snapshot_decode(snapshot->bytes, snapshot->length, &payload, NULL) < 0)
        fail_msg("cannot read %s", name);
    write_file(name, &payload);
}

static void write_snapshots(const struct test_machine *machine, struct digest *ret_first)
{
    AUTO(auto_section_free) struct section *disk = test_section("disk", 1);
    AUTO(auto_section_free) struct section *old = test_section("firewall", 2);
    AUTO(auto_section_free) struct section *new = test_section("firewall", 3);
    AUTO(text_clear) struct text first = {0}, second = {0};
    struct snapshot_head head = test_head();
    struct state state =
        test_snapshot(machine, &head, NULL, (struct section *[]){disk, old}, 2, &first);

    digest_of(first.bytes, first.length, ret_first);
    head.seq = 2;
    head.has_prev = true;
    head.prev = *ret_first;
    memcpy(head.nonce, "Zx3_-", 6);
    (void)test_snapshot(machine, &head, &state, (struct section *[]){disk, new}, 2, &second);
    write_file("first.jws", &first);
    write_payload("first.json", &first);
    write_file("second.jws", &second);
    write_payload("second.json", &second);
}

static void write_receipt(const struct authority *authority, const struct digest *snapshot)
{
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;
    AUTO(text_clear) struct text header = {0}, payload = {0}, receipt = {0};
    struct receipt answer = {
        .machine = TEST_MACHINE,
        .snapshot = *snapshot,
        .received_at = TEST_NOW + 2,
        .nonce = "Zx3_-",
        .minimum_interval_seconds = 900,
        .verdicts = {{"disk_encrypted", VERDICT_PASS}},
        .verdict_count = 1,
    };

    assert_int_equal(signing_key_generate(&key, NULL), 0);
    certificate = authority_issue(authority, CERTIFICATE_RECEIPT, key);
    receipt_write_header(certificate, authority->intermediate, &header);
    receipt_write_payload(&answer, &payload);
    assert_int_equal(jws_sign(key, header.bytes, payload.bytes, payload.length, &receipt, NULL), 0);
    write_file("receipt.jws", &receipt);
    write_file("receipt.json", &payload);
}

int main(int argc, char **argv)
{
    AUTO(auto_authority_free) struct authority *authority = authority_new();
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;
    struct digest first;

    folder = argc == 2 ? directory_open(argv[1], NULL) : -1;
    if (folder < 0 || signing_key_generate(&key, NULL) < 0) {
        (void)fprintf(stderr, "usage: make_snapshot FOLDER\n");
        return 1;
    }
    certificate = authority_issue(authority, CERTIFICATE_SIGNING, key);
    write_snapshots(&(struct test_machine){key, certificate}, &first);
    write_receipt(authority, &first);
    write_certificate("root.pem", authority->root);
    write_certificate("intermediate.pem", authority->intermediate);
    write_certificate("signing.pem", certificate);
    auto_close(&folder);
    return 0;
}
