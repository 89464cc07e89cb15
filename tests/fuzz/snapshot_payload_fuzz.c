#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "snapshot/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    struct state base = {0}, state;

    if (snapshot_read_payload((const char *)data, size, &snapshot, NULL) < 0)
        return 0;
    for (size_t i = 0; i < snapshot.section_count; i++) {
        const struct snapshot_section *section = &snapshot.sections[i];

        if (section->facts < snapshot.payload || section->facts[0] != '{' ||
            section->facts[section->facts_length - 1] != '}' ||
            section->unknown + section->unknown_length > snapshot.payload + size)
            abort();
    }
    for (size_t i = 0; i < snapshot.removed_count; i++)
        if (state_set(&base, snapshot.removed[i], &snapshot.head.state) < 0)
            abort();
    if (snapshot.head.has_base)
        state_digest(&base, &snapshot.head.base);
    (void)snapshot_apply(&snapshot, &base, &state, NULL);
    return 0;
}
