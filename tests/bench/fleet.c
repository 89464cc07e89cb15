/*
 * bench_fleet PAYLOAD DATABASE: makes a database of 200 organisations with 50 machines each, all of
 * which look like the machine of PAYLOAD (dijkwacht show --next --json), lets each check in, and
 * prints the bytes that an unchanged check-in adds and what the fleet query takes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/zstd_frame.h"
#include "server-api/store/database.h"
#include "server-api/store/store.h"

#define ORGANISATIONS  200U
#define MACHINES       10000U
#define BATCH          50U
#define UNCHANGED      4U /* check-ins of each machine that are measured */
#define QUERIES        200U
#define INTERVAL       3600
#define PAYLOAD_MAX    1048576U
#define MICROSECONDS   1000000
#define NANOSECONDS    1000
#define CERTIFICATE_64 "mdN2yZ0hFf3pIXJAz6kl0TFFZ5zL2xkVnM1Qn3y3Jw8"
#define EPOCH          "00112233445566778899aabbccddeeff"

struct bench_machine {
    char id[MACHINE_ID_SIZE];
    char nonce[NONCE_SIZE];
    struct digest previous;
    unsigned seq;
};

struct bench {
    struct store *store;
    const char *path;
    struct signing_key *key;
    struct text receipt_header;
    struct snapshot template; /* the payload that was given */
    struct text sections;     /* of it, as they stand there */
    struct bench_machine *machines;
    char organisations[ORGANISATIONS][ORGANISATION_ID_SIZE];
    struct bench_machine *batch; /* those whose receipts are being signed */
    int64_t now;
};

static void must(int result, const struct error *err)
{
    if (result >= 0)
        return;
    (void)fprintf(stderr, "bench_fleet: %s\n", err->message);
    exit(1);
}

static void read_payload(struct bench *bench, const char *path)
{
    AUTO(text_clear) struct text text = {0};
    AUTO_CLOSE int folder = directory_open(".", NULL);
    struct error err = {0};
    const char *sections, *end;

    must(file_read(folder, path, PAYLOAD_MAX, &text, &err), &err);
    while (text.length > 0 && text.bytes[text.length - 1] == '\n')
        text_truncate(&text, text.length - 1);
    must(snapshot_read_payload(text.bytes, text.length, &bench->template, &err), &err);
    sections = strstr(bench->template.payload, "\"sections\":") + strlen("\"sections\":");
    end = strstr(sections, ",\"removed\":");
    text_add(&bench->sections, sections, (size_t)(end - sections));
}

/* A receipt's header is as long as with two certificates of ours. */
static void make_keys(struct bench *bench)
{
    struct error err = {0};

    must(signing_key_generate(&bench->key, &err), &err);
    text_add_string(&bench->receipt_header, "{\"alg\":\"ES256\",\"x5c\":[\"");
    for (size_t i = 0; i < 1000; i++)
        text_add_string(&bench->receipt_header, "A");
    text_add_string(&bench->receipt_header, "\"]}");
}

/* Random identifiers, as real ones are: where a row lands in a table depends on them. */
static void make_machines(struct bench *bench)
{
    struct error err = {0};

    bench->machines = must_allocate(MACHINES, sizeof(*bench->machines));
    for (unsigned i = 0; i < ORGANISATIONS; i++) {
        AUTO(text_clear) struct text name = {0};

        text_add_format(&name, "Organisation %u", i);
        must(store_add_organisation(bench->store, name.bytes, bench->now, bench->organisations[i],
                                    &err),
             &err);
    }
    must(database_run(bench->store, "BEGIN", &err), &err);
    for (unsigned i = 0; i < MACHINES; i++) {
        AUTO(text_clear) struct text sql = {0};
        struct digest random;
        char hex[DIGEST_HEX_SIZE];

        digest_of(&i, sizeof(i), &random);
        digest_to_hex(&random, hex);
        (void)snprintf(bench->machines[i].id, MACHINE_ID_SIZE, "%.8s-%.4s-4%.3s-8%.3s-%.12s", hex,
                       hex + 8, hex + 12, hex + 15, hex + 18);
        text_add_format(&sql, "INSERT INTO machine VALUES ('%s', '%s', 'field-%05u', %lld, NULL)",
                        bench->organisations[i % ORGANISATIONS], bench->machines[i].id, i,
                        (long long)bench->now);
        must(database_run(bench->store, sql.bytes, &err), &err);
    }
    must(database_run(bench->store, "COMMIT", &err), &err);
}

static void add_digest(const char *name, const struct digest *digest, struct text *out)
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(digest, hex);
    text_add_format(out, "\"%s\":\"%s\",", name, hex);
}

static void write_payload(const struct bench *bench, const struct bench_machine *machine,
                          struct text *out)
{
    const struct snapshot_head *head = &bench->template.head;
    bool first = machine->seq == 0;
    char time[CLOCK_TEXT_SIZE];

    clock_to_text(bench->now, time);
    text_add_format(
        out, "{\"v\":1,\"machine\":\"%s\",\"agent\":\"%s\",\"epoch\":\"" EPOCH "\",\"seq\":%u,",
        machine->id, head->agent, machine->seq + 1);
    if (first)
        text_add_string(out, "\"prev\":null,\"nonce\":null,");
    else
        add_digest("prev", &machine->previous, out);
    if (!first)
        text_add_format(out, "\"nonce\":\"%s\",", machine->nonce);
    text_add_format(out,
                    "\"boot\":\"" EPOCH "\",\"wall_time\":\"%s\",\"boot_time_s\":%u,"
                    "\"clock\":\"synced\",\"refused\":0,",
                    time, 4242 + machine->seq * INTERVAL);
    if (first)
        text_add_string(out, "\"base\":null,");
    else
        add_digest("base", &head->state, out);
    add_digest("state", &head->state, out);
    text_add_format(out, "\"sections\":%s,\"removed\":[]}", first ? bench->sections.bytes : "{}");
}

/* A snapshot file, and the record that hands it to the store. */
static void look(struct bench *bench, struct bench_machine *machine, struct text *ret_file,
                 struct snapshot *ret_snapshot)
{
    AUTO(text_clear) struct text payload = {0}, frame = {0}, header = {0};
    struct error err = {0};

    write_payload(bench, machine, &payload);
    zstd_encode(payload.bytes, payload.length, &frame);
    text_add_format(&header,
                    "{\"alg\":\"ES256\",\"typ\":\"dijkwacht-snapshot+jws\",\"cty\":"
                    "\"application/zstd\",\"kid\":\"%s\",\"x5t#S256\":\"" CERTIFICATE_64 "\"}",
                    machine->id);
    must(jws_sign(bench->key, header.bytes, frame.bytes, frame.length, ret_file, &err), &err);
    must(snapshot_read_payload(payload.bytes, payload.length, ret_snapshot, &err), &err);
    digest_of(ret_file->bytes, ret_file->length, &machine->previous);
    machine->seq++;
}

static int sign(void *context, const struct receipt *receipts, struct text *ret_compact,
                size_t count, struct error *err)
{
    struct bench *bench = context;
    int r = 0;

    for (size_t i = 0; r == 0 && i < count; i++) {
        AUTO(text_clear) struct text payload = {0};

        memcpy(bench->batch[i].nonce, receipts[i].nonce, NONCE_SIZE);
        receipt_write_payload(&receipts[i], &payload);
        r = jws_sign(bench->key, bench->receipt_header.bytes, payload.bytes, payload.length,
                     &ret_compact[i], err);
    }
    return r;
}

static void check_in_batch(struct bench *bench, unsigned first)
{
    struct text files[BATCH] = {0};
    struct snapshot snapshots[BATCH] = {0};
    struct ingest_record records[BATCH] = {0};
    const struct store_signer signer = {.context = bench, .sign = sign};
    struct error err = {0};

    bench->batch = &bench->machines[first];
    for (unsigned i = 0; i < BATCH; i++) {
        look(bench, &bench->batch[i], &files[i], &snapshots[i]);
        records[i] = (struct ingest_record){.hash = bench->batch[i].previous,
                                            .bytes = files[i].bytes,
                                            .length = files[i].length,
                                            .snapshot = &snapshots[i],
                                            .received_at = bench->now};
        memcpy(records[i].organisation, bench->organisations[(first + i) % ORGANISATIONS],
               ORGANISATION_ID_SIZE);
    }
    must(store_ingest(bench->store, records, BATCH, &signer, &err), &err);
    for (unsigned i = 0; i < BATCH; i++) {
        must(records[i].code, &records[i].why);
        text_clear(&files[i]);
        text_clear(&records[i].receipt);
        snapshot_clear(&snapshots[i]);
    }
}

static void check_in_all(struct bench *bench)
{
    for (unsigned i = 0; i < MACHINES; i += BATCH)
        check_in_batch(bench, i);
    bench->now += INTERVAL;
}

static double database_size(const struct bench *bench)
{
    struct stat status;
    struct error err = {0};

    must(database_run(bench->store, "PRAGMA wal_checkpoint(TRUNCATE)", &err), &err);
    return stat(bench->path, &status) == 0 ? (double)status.st_size : 0;
}

static double clock_us(clockid_t clock)
{
    struct timespec time;

    (void)clock_gettime(clock, &time);
    return (double)time.tv_sec * MICROSECONDS + (double)time.tv_nsec / NANOSECONDS;
}

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void query(struct bench *bench)
{
    double times[QUERIES];
    double cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    size_t size = 0;
    struct error err = {0};

    for (unsigned i = 0; i < QUERIES; i++) {
        AUTO(text_clear) struct text answer = {0};
        double start = clock_us(CLOCK_MONOTONIC);

        must(store_write_fleet(bench->store, NULL, bench->now, &answer, &err), &err);
        times[i] = clock_us(CLOCK_MONOTONIC) - start;
        size = answer.length;
    }
    cpu = (clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu) / QUERIES;
    qsort(times, QUERIES, sizeof(*times), compare_times);
    (void)printf("fleet_p50_us %.0f\nfleet_p99_us %.0f\nfleet_cpu_us %.0f\nfleet_bytes %zu\n",
                 times[QUERIES / 2], times[QUERIES * 99 / 100], cpu, size);
}

static void bench_clear(struct bench *bench)
{
    store_close(bench->store);
    signing_key_free(bench->key);
    text_clear(&bench->receipt_header);
    text_clear(&bench->sections);
    snapshot_clear(&bench->template);
    free(bench->machines);
}

int main(int argc, char **argv)
{
    AUTO(bench_clear) struct bench bench = {.path = argc == 3 ? argv[2] : ""};
    struct error err = {0};
    double before, start;

    if (argc != 3)
        return 64;
    bench.now = clock_now() - (int64_t)UNCHANGED * INTERVAL;
    must(store_open(bench.path, true, &bench.store, &err), &err);
    read_payload(&bench, argv[1]);
    make_keys(&bench);
    make_machines(&bench);
    check_in_all(&bench);
    check_in_all(&bench);
    before = database_size(&bench);
    start = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    for (unsigned i = 0; i < UNCHANGED; i++)
        check_in_all(&bench);
    (void)printf("ingest_us %.1f\n",
                 (clock_us(CLOCK_PROCESS_CPUTIME_ID) - start) / (UNCHANGED * MACHINES));
    (void)printf("stored_bytes %.1f\n", (database_size(&bench) - before) / (UNCHANGED * MACHINES));
    query(&bench);
    return 0;
}
