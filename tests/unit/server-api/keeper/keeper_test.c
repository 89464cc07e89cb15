#include "server-api/keeper/keeper.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/number.h"
#include "platform/text.h"
#include "server-api/keeper/spki.h"
#include "tests/support/authority.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

#define DAY 86400

static const char *const names[] = {"collect.example", "127.0.0.1", "::1", NULL};

/* One key folder and one keeper for all tests that do not spoil them. */
static char *folder;
static struct keeper *keeper;

static void below(const char *name, struct text *out)
{
    text_truncate(out, 0);
    text_add_format(out, "%s/%s", folder, name);
}

static void auto_keeper_stop(struct keeper **started)
{
    keeper_stop(*started);
}

static void create_keys(const char *keys, const char *root_key)
{
    AUTO(text_clear) struct text key_folder = {0};
    AUTO(text_clear) struct text root_key_file = {0};
    struct error err = {0};

    below(keys, &key_folder);
    below(root_key, &root_key_file);
    if (keeper_create_keys(key_folder.bytes, root_key_file.bytes, clock_now(), &err) < 0)
        fail_msg("%s", err.message);
}

static int start(const char *keys, struct keeper **ret_keeper, struct error *err)
{
    AUTO(text_clear) struct text key_folder = {0};

    below(keys, &key_folder);
    return keeper_start(key_folder.bytes, ret_keeper, err);
}

static int set_up(void **state)
{
    struct error err = {0};

    (void)state;
    folder = fixture_new_folder();
    create_keys("keys", "root.key");
    if (start("keys", &keeper, &err) < 0)
        fail_msg("%s", err.message);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    keeper_stop(keeper);
    fixture_remove(folder);
    return 0;
}

/* A key of a machine, and an order for it. */
struct ordered {
    struct signing_key *key;
    uint8_t spki[P256_SPKI_SIZE];
    struct certificate_order order;
};

static void set_order(struct ordered *ordered, enum certificate_purpose purpose)
{
    assert_int_equal(signing_key_generate(&ordered->key, NULL), 0);
    spki_of_key(ordered->key, ordered->spki);
    ordered->order = (struct certificate_order){
        .purpose = purpose,
        .spki = ordered->spki,
        .spki_length = sizeof(ordered->spki),
        .now = clock_now(),
        .lifetime_seconds = KEEPER_LIFETIME_MAX,
    };
    if (purpose == CERTIFICATE_TLS_SERVER) {
        ordered->order.names = names;
    } else {
        memcpy(ordered->order.organisation, TEST_ORGANISATION, sizeof(TEST_ORGANISATION));
        memcpy(ordered->order.machine, TEST_MACHINE, sizeof(TEST_MACHINE));
    }
}

static void ordered_clear(struct ordered *ordered)
{
    signing_key_free(ordered->key);
}

static struct certificate *issue(const struct ordered *ordered)
{
    struct certificate *certificate = NULL;
    struct error err = {0};

    if (keeper_issue(keeper, &ordered->order, &certificate, &err) < 0)
        fail_msg("%s", err.message);
    return certificate;
}

static void check_machine_certificate(enum certificate_purpose purpose)
{
    AUTO(ordered_clear) struct ordered ordered = {0};
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;
    char organisation[ORGANISATION_ID_SIZE], machine[MACHINE_ID_SIZE];

    set_order(&ordered, purpose);
    certificate = issue(&ordered);
    assert_int_equal(certificate_verify(certificate, keeper_intermediate(keeper),
                                        keeper_root(keeper), purpose, clock_now(), NULL),
                     0);
    assert_true(certificate_is_for(certificate, ordered.key));
    assert_int_equal(certificate_machine(certificate, organisation, machine, NULL), 0);
    assert_string_equal(organisation, TEST_ORGANISATION);
    assert_string_equal(machine, TEST_MACHINE);
    assert_int_equal(certificate_not_before(certificate), ordered.order.now - 3600);
    assert_int_equal(certificate_not_after(certificate), ordered.order.now + 90 * DAY);
}

TEST(issues_certificates_to_machines)
{
    check_machine_certificate(CERTIFICATE_TLS_CLIENT);
    check_machine_certificate(CERTIFICATE_SIGNING);
}

static void assert_alternative_name(X509 *x509, const char *expected, bool critical)
{
    int is_critical = -1;
    GENERAL_NAMES *found = X509_get_ext_d2i(x509, NID_subject_alt_name, &is_critical, NULL);
    const GENERAL_NAME *first;

    assert_non_null(found);
    assert_int_equal(is_critical, critical);
    first = sk_GENERAL_NAME_value(found, 0);
    assert_int_equal(ASN1_STRING_length(first->d.ia5), strlen(expected));
    assert_memory_equal(ASN1_STRING_get0_data(first->d.ia5), expected, strlen(expected));
    GENERAL_NAMES_free(found);
}

static void assert_critical(X509 *x509, int nid)
{
    int at = X509_get_ext_by_NID(x509, nid, -1);

    assert_true(at >= 0);
    assert_true(X509_EXTENSION_get_critical(X509_get_ext(x509, at)));
}

TEST(a_machine_certificate_has_the_profile_and_nothing_else)
{
    AUTO(ordered_clear) struct ordered ordered = {0};
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;
    X509 *x509;

    set_order(&ordered, CERTIFICATE_TLS_CLIENT);
    certificate = issue(&ordered);
    x509 = certificate_openssl(certificate);
    assert_int_equal(X509_get_version(x509), X509_VERSION_3);
    assert_int_equal(X509_get_ext_count(x509), 6);
    assert_critical(x509, NID_basic_constraints);
    assert_critical(x509, NID_key_usage);
    assert_int_equal(X509_get_key_usage(x509), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(x509), XKU_SSL_CLIENT);
    assert_alternative_name(x509, "urn:uuid:" TEST_MACHINE, false);
    assert_non_null(X509_get0_subject_key_id(x509));
    assert_non_null(X509_get0_authority_key_id(x509));
}

TEST(every_certificate_has_a_serial_of_its_own)
{
    AUTO(ordered_clear) struct ordered ordered = {0};
    AUTO(auto_certificate_free) struct certificate *first = NULL;
    AUTO(auto_certificate_free) struct certificate *second = NULL;
    const ASN1_INTEGER *serial;

    set_order(&ordered, CERTIFICATE_SIGNING);
    first = issue(&ordered);
    second = issue(&ordered);
    serial = X509_get0_serialNumber(certificate_openssl(first));
    assert_int_not_equal(
        ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate_openssl(second))), 0);
    assert_in_range(ASN1_STRING_length(serial), 12, 16);
    assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER); /* not negative */
}

TEST(issues_a_certificate_to_the_server_that_carries_its_names_alone)
{
    AUTO(ordered_clear) struct ordered ordered = {0};
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;
    X509 *x509;

    set_order(&ordered, CERTIFICATE_TLS_SERVER);
    certificate = issue(&ordered);
    assert_int_equal(certificate_verify(certificate, keeper_intermediate(keeper),
                                        keeper_root(keeper), CERTIFICATE_TLS_SERVER, clock_now(),
                                        NULL),
                     0);
    x509 = certificate_openssl(certificate);
    assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(x509)), 0);
    assert_alternative_name(x509, names[0], true);
    assert_int_equal(X509_check_ip_asc(x509, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(x509, "::1", 0), 1);
    assert_int_equal(X509_check_host(x509, "other.example", 0, 0, NULL), 0);
}

static void assert_refused(const struct ordered *ordered, const char *words)
{
    struct certificate *certificate = NULL;
    struct error err = {0};

    assert_int_equal(keeper_issue(keeper, &ordered->order, &certificate, &err), -EINVAL);
    assert_non_null(strstr(err.message, words));
    assert_null(certificate);
}

TEST(refuses_orders_for_other_purposes)
{
    AUTO(ordered_clear) struct ordered ordered = {0};

    set_order(&ordered, CERTIFICATE_TLS_CLIENT);
    ordered.order.purpose = CERTIFICATE_RECEIPT;
    assert_refused(&ordered, "not issued");
    ordered.order.purpose = CERTIFICATE_AUTHORITY;
    assert_refused(&ordered, "not issued");
    ordered.order.purpose = CERTIFICATE_UNKNOWN;
    assert_refused(&ordered, "not issued");
}

TEST(refuses_orders_with_other_times)
{
    AUTO(ordered_clear) struct ordered ordered = {0};

    set_order(&ordered, CERTIFICATE_TLS_CLIENT);
    ordered.order.lifetime_seconds = KEEPER_LIFETIME_MAX + 1;
    assert_refused(&ordered, "90 days");
    ordered.order.lifetime_seconds = 0;
    assert_refused(&ordered, "90 days");
    ordered.order.lifetime_seconds = INT64_MIN;
    assert_refused(&ordered, "90 days");
    ordered.order.lifetime_seconds = DAY;
    ordered.order.now = clock_now() + 3600;
    assert_refused(&ordered, "present");
    ordered.order.now = clock_now() - 3600;
    assert_refused(&ordered, "present");
    ordered.order.now = INT64_MAX;
    assert_refused(&ordered, "present");
}

TEST(refuses_orders_with_other_subjects)
{
    AUTO(ordered_clear) struct ordered ordered = {0};
    struct certificate_order *order = &ordered.order;

    set_order(&ordered, CERTIFICATE_SIGNING);
    order->machine[0] = 'X';
    assert_refused(&ordered, "identifier");
    order->machine[0] = '\0';
    assert_refused(&ordered, "identifier");
    memcpy(order->machine, TEST_MACHINE, sizeof(TEST_MACHINE));
    order->organisation[3] = '/';
    assert_refused(&ordered, "identifier");
    memcpy(order->organisation, TEST_ORGANISATION, sizeof(TEST_ORGANISATION));
    order->names = names;
    assert_refused(&ordered, "identifier");
    order->purpose = CERTIFICATE_TLS_SERVER;
    assert_refused(&ordered, "names and nothing else");
}

TEST(refuses_names_that_no_server_has)
{
    static const char *const bad[] = {
        "",          "*.example", "a..b",  ".a",    "a.",
        "-a.b",      "a-.b",      "a b",   "a_b",   "a\nb",
        "1.2.3.4.5", "256.1.1.1", "[::1]", "a:443", "caf\xc3\xa9.example",
        "https://a"};
    AUTO(ordered_clear) struct ordered ordered = {0};
    const char *list[2] = {NULL};

    set_order(&ordered, CERTIFICATE_TLS_SERVER);
    ordered.order.names = list;
    assert_refused(&ordered, "names and nothing else");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        list[0] = bad[i];
        assert_refused(&ordered, "neither a host name nor an address");
    }
}

TEST(refuses_other_keys)
{
    AUTO(ordered_clear) struct ordered ordered = {0};

    set_order(&ordered, CERTIFICATE_TLS_CLIENT);
    ordered.spki[22] ^= 1; /* another curve's name */
    assert_refused(&ordered, "P-256");
    ordered.spki[22] ^= 1;
    ordered.spki[90] ^= 1; /* not on the curve */
    assert_refused(&ordered, "P-256");
    ordered.spki[90] ^= 1;
    ordered.spki[26] = 3; /* a compressed point has another length */
    assert_refused(&ordered, "P-256");
}

TEST(signs_receipts_that_the_root_vouches_for)
{
    enum { COUNT = 20 }; /* more than fit into one message */
    struct receipt receipts[COUNT] = {0}, read;
    struct text compact[COUNT] = {0};
    struct error err = {0};

    for (size_t i = 0; i < COUNT; i++) {
        memcpy(receipts[i].machine, TEST_MACHINE, sizeof(TEST_MACHINE));
        receipts[i].snapshot.bytes[0] = (uint8_t)i;
        receipts[i].received_at = clock_now();
        receipts[i].minimum_interval_seconds = 3600;
        memcpy(receipts[i].nonce, "abc", 4);
    }
    if (keeper_sign_receipts(keeper, receipts, compact, COUNT, &err) < 0)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < COUNT; i++) {
        if (receipt_read(compact[i].bytes, compact[i].length, keeper_root(keeper), TEST_MACHINE,
                         &receipts[i].snapshot, clock_now(), clock_now(), &read, &err) < 0)
            fail_msg("%s", err.message);
        text_clear(&compact[i]);
    }
}

TEST(signs_no_receipt_of_another_time)
{
    struct receipt receipt = {.received_at = clock_now() - 3600};
    AUTO(text_clear) struct text compact = {0};
    struct error err = {0};

    memcpy(receipt.machine, TEST_MACHINE, sizeof(TEST_MACHINE));
    assert_int_equal(keeper_sign_receipts(keeper, &receipt, &compact, 1, &err), -EINVAL);
    assert_non_null(strstr(err.message, "present"));
    receipt.received_at = clock_now() + 3600;
    assert_int_equal(keeper_sign_receipts(keeper, &receipt, &compact, 1, NULL), -EINVAL);
    assert_int_equal(compact.length, 0);
}

TEST(signs_no_receipt_for_something_that_is_no_machine)
{
    struct receipt receipt = {.machine = "nobody", .received_at = clock_now()};
    AUTO(text_clear) struct text compact = {0};

    assert_int_equal(keeper_sign_receipts(keeper, &receipt, &compact, 1, NULL), -EINVAL);
    memcpy(receipt.machine, TEST_MACHINE, sizeof(TEST_MACHINE));
    receipt.verdict_count = 1;
    memcpy(receipt.verdicts[0].check, "a\",", 4);
    assert_int_equal(keeper_sign_receipts(keeper, &receipt, &compact, 1, NULL), -EINVAL);
    assert_int_equal(compact.length, 0);
}

static void read_proc(const char *path, struct text *out)
{
    FILE *file = fopen(path, "re");
    char block[4096];

    assert_non_null(file);
    text_add(out, block, fread(block, 1, sizeof(block), file));
    (void)fclose(file);
}

/* The process behind a handle, from what the kernel says of its descriptor. */
static pid_t process_of(const struct keeper *started)
{
    AUTO(text_clear) struct text path = {0};
    AUTO(text_clear) struct text content = {0};
    const char *line;

    text_add_format(&path, "/proc/self/fdinfo/%d", keeper_watch(started));
    read_proc(path.bytes, &content);
    line = strstr(text_string(&content), "Pid:");
    assert_non_null(line);
    return (pid_t)strtol(line + strlen("Pid:"), NULL, 10);
}

TEST(the_process_with_the_keys_is_locked)
{
    AUTO(text_clear) struct text path = {0};
    AUTO(text_clear) struct text status = {0};

    text_add_format(&path, "/proc/%d/status", (int)process_of(keeper));
    read_proc(path.bytes, &status);
    assert_non_null(strstr(text_string(&status), "\nSeccomp:\t2\n"));
    assert_non_null(strstr(text_string(&status), "\nNoNewPrivs:\t1\n"));
}

TEST(a_signal_to_the_group_does_not_end_it)
{
    struct pollfd watch = {.fd = keeper_watch(keeper), .events = POLLIN};

    assert_int_equal(kill(process_of(keeper), SIGTERM), 0);
    assert_int_equal(kill(process_of(keeper), SIGINT), 0);
    assert_int_equal(poll(&watch, 1, 100), 0);
    check_machine_certificate(CERTIFICATE_SIGNING);
}

TEST(its_end_is_noticed)
{
    AUTO(auto_keeper_stop) struct keeper *other = NULL;
    AUTO(ordered_clear) struct ordered ordered = {0};
    struct certificate *certificate = NULL;
    struct pollfd watch = {.events = POLLIN};

    assert_int_equal(start("keys", &other, NULL), 0);
    set_order(&ordered, CERTIFICATE_TLS_CLIENT);
    watch.fd = keeper_watch(other);
    assert_int_equal(kill(process_of(other), SIGKILL), 0);
    assert_int_equal(poll(&watch, 1, 5000), 1);
    assert_int_equal(keeper_issue(other, &ordered.order, &certificate, NULL), -EPIPE);
}

static void assert_does_not_start(const char *keys, int code, const char *words)
{
    AUTO(auto_keeper_stop) struct keeper *other = NULL;
    struct error err = {0};

    assert_int_equal(start(keys, &other, &err), code);
    if (strstr(err.message, words) == NULL)
        fail_msg("it says: %s", err.message);
}

static void set_mode(const char *name, mode_t mode)
{
    AUTO(text_clear) struct text path = {0};

    below(name, &path);
    assert_int_equal(chmod(path.bytes, mode), 0);
}

TEST(does_not_start_on_keys_that_others_can_reach)
{
    create_keys("open", "open-root.key");
    set_mode("open", 0750);
    assert_does_not_start("open", -EPERM, "the folder is open to other users");
    set_mode("open", 0700);
    set_mode("open/intermediate.key", 0640);
    assert_does_not_start("open", -EPERM, "intermediate.key is open to other users");
    set_mode("open/intermediate.key", 0600);
    set_mode("open/receipt.key", 0604);
    assert_does_not_start("open", -EPERM, "receipt.key is open to other users");
}

TEST(does_not_start_on_keys_that_do_not_belong_together)
{
    AUTO(text_clear) struct text from = {0};
    AUTO(text_clear) struct text to = {0};

    create_keys("mixed", "mixed-root.key");
    below("mixed/receipt.key", &from);
    below("mixed/intermediate.key", &to);
    assert_int_equal(rename(from.bytes, to.bytes), 0);
    assert_does_not_start("mixed", -EKEYREJECTED, "intermediate.key is not the key");
    assert_int_equal(unlink(to.bytes), 0);
    assert_does_not_start("mixed", -ENOENT, "intermediate.key");
    assert_does_not_start("nowhere", -ENOENT, "nowhere");
}

static void assert_mode(const char *name, mode_t expected)
{
    AUTO(text_clear) struct text path = {0};
    struct stat status;

    below(name, &path);
    assert_int_equal(lstat(path.bytes, &status), 0);
    assert_int_equal(status.st_mode & 07777, expected);
}

TEST(makes_keys_that_only_their_owner_reads)
{
    assert_mode("keys", 0700);
    assert_mode("keys/intermediate.key", 0600);
    assert_mode("keys/receipt.key", 0600);
    assert_mode("root.key", 0600);
}

TEST(makes_a_root_and_an_intermediate_that_can_certify_no_further)
{
    X509 *root = certificate_openssl(keeper_root(keeper));
    X509 *intermediate = certificate_openssl(keeper_intermediate(keeper));

    assert_int_equal(X509_get_pathlen(root), 1);
    assert_int_equal(X509_get_pathlen(intermediate), 0);
    assert_int_equal(certificate_purpose(keeper_root(keeper)), CERTIFICATE_AUTHORITY);
    assert_int_equal(certificate_purpose(keeper_intermediate(keeper)), CERTIFICATE_AUTHORITY);
}

TEST(overwrites_no_key_and_leaves_nothing_when_it_cannot_finish)
{
    AUTO(text_clear) struct text keys = {0};
    AUTO(text_clear) struct text root_key = {0};
    struct error err = {0};
    struct stat status;

    below("fresh", &keys);
    below("root.key", &root_key);
    assert_int_equal(keeper_create_keys(keys.bytes, root_key.bytes, clock_now(), &err), -EEXIST);
    assert_non_null(strstr(err.message, "root.key exists already"));
    assert_int_equal(lstat(keys.bytes, &status), -1);

    below("keys", &keys);
    below("fresh-root.key", &root_key);
    assert_int_equal(keeper_create_keys(keys.bytes, root_key.bytes, clock_now(), &err), -EEXIST);
    assert_int_equal(lstat(root_key.bytes, &status), -1);
    check_machine_certificate(CERTIFICATE_SIGNING);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        RUN(issues_certificates_to_machines),
        RUN(a_machine_certificate_has_the_profile_and_nothing_else),
        RUN(every_certificate_has_a_serial_of_its_own),
        RUN(issues_a_certificate_to_the_server_that_carries_its_names_alone),
        RUN(refuses_orders_for_other_purposes),
        RUN(refuses_orders_with_other_times),
        RUN(refuses_orders_with_other_subjects),
        RUN(refuses_names_that_no_server_has),
        RUN(refuses_other_keys),
        RUN(signs_receipts_that_the_root_vouches_for),
        RUN(signs_no_receipt_of_another_time),
        RUN(signs_no_receipt_for_something_that_is_no_machine),
        RUN(the_process_with_the_keys_is_locked),
        RUN(a_signal_to_the_group_does_not_end_it),
        RUN(its_end_is_noticed),
        RUN(does_not_start_on_keys_that_others_can_reach),
        RUN(does_not_start_on_keys_that_do_not_belong_together),
        RUN(makes_keys_that_only_their_owner_reads),
        RUN(makes_a_root_and_an_intermediate_that_can_certify_no_further),
        RUN(overwrites_no_key_and_leaves_nothing_when_it_cannot_finish),
    };

    /* The keeper is this program again. */
    if (argc > 1 && strcmp(argv[1], KEEPER_VERB) == 0)
        return keeper_main(argc, argv);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
