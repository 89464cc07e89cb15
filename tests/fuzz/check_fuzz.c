/* A check document as an organisation may write one later, judged on a machine without facts. */
#include <stdint.h>
#include <stdlib.h>

#include "baseline/verdict.h"
#include "platform/cleanup.h"
#include "platform/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char advice[] = "{\"thing\":{\"wrong\":\"w\",\"why\":\"y\",\"steps\":[\"$ s\"],"
                             "\"time\":\"t\",\"needs_volunteer\":false}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = must_copy_text((const char *)data, size);
    const char *const checks[] = {text};
    struct machine_facts facts = {.seen_at = 1000};
    struct baseline *baseline = NULL;
    struct verdict verdict;
    struct error err = {0};

    if (baseline_from_json(checks, 1, advice, &baseline, &err) < 0)
        return 0;
    check_judge(baseline_check(baseline, 0), &facts, PROFILE_LAPTOP, 1000, &verdict);
    if (verdict.state == VERDICT_PASS)
        abort(); /* nothing is known */
    baseline_free(baseline);
    return 0;
}
