#include "collectors/patch_level/apt_sources.h"

#include "platform/cleanup.h"
#include "tests/fuzz/input.h"

static void name_lists(const struct apt_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        AUTO_FREE char *prefix = apt_source_list_prefix(&sources->items[i]);

        if (strchr(prefix, '/') != NULL)
            abort(); /* the name would lead to another folder */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(apt_sources_clear) struct apt_sources lines = {0}, stanzas = {0};
    AUTO_FREE char *text = fuzz_text(data, size);

    (void)apt_sources_add_lines(&lines, text, NULL);
    (void)apt_sources_add_stanzas(&stanzas, text, NULL);
    name_lists(&lines);
    name_lists(&stanzas);
    return 0;
}
