#include "tests/support/snapshots.h"

#include <string.h>

#include "platform/cleanup.h"
#include "tests/support/test.h"

static const struct fact table[] = {
    {.name = "number", .type = FACT_INTEGER, .purpose = "something to change"},
    {.name = "missing", .type = FACT_TEXT, .purpose = "something unknown"},
    {.name = NULL},
};

struct snapshot_head test_head(void)
{
    return (struct snapshot_head){
        .machine = TEST_MACHINE,
        .agent = "0.1.0",
        .epoch = TEST_EPOCH,
        .seq = 1,
        .boot = TEST_BOOT,
        .wall_time = TEST_NOW,
        .boot_time_seconds = 4242,
        .clock = CLOCK_SYNCED,
    };
}

struct section *test_section(const char *name, int64_t value)
{
    struct section *section = section_new(name, 1, table);

    facts_set_integer(section_facts(section), "number", value);
    facts_set_rest_unknown(section_facts(section), UNKNOWN_NOT_PRESENT);
    return section;
}

struct state test_snapshot(const struct test_machine *machine, const struct snapshot_head *head,
                           const struct state *acknowledged, struct section *const *sections,
                           size_t section_count, struct text *out)
{
    AUTO(auto_snapshot_writer_free) struct snapshot_writer *writer = snapshot_writer_new(head);
    AUTO(text_clear) struct text payload = {0}, der = {0};
    struct state state = {0};
    struct error err = {0};

    for (size_t i = 0; i < section_count; i++)
        snapshot_writer_add(writer, sections[i], head->wall_time, 1500, 900);
    snapshot_writer_payload(writer, acknowledged, &payload, &state);
    certificate_to_der(machine->certificate, &der);
    if (snapshot_sign(machine->key, &der, head->machine, payload.bytes, payload.length, out, &err) <
        0)
        fail_msg("%s", err.message);
    return state;
}
