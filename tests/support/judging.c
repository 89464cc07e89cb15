#include "tests/support/judging.h"

#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "tests/support/test.h"

static const char advice[] =
    "{\"thing\":{\"wrong\":\"It is wrong.\",\"why\":\"It matters.\",\"steps\":[\"$ mend\"],"
    "\"time\":\"5 minutes\",\"needs_volunteer\":false}}";

struct baseline *baseline_of(const char *condition, const char *profiles, const char *fresh_for)
{
    AUTO(text_clear) struct text check = {0};
    const char *documents[1];
    struct baseline *baseline = NULL;
    struct error err = {0};

    text_add_format(&check,
                    "{\"id\":\"thing\",\"title\":\"It works\",\"condition\":%s,\"profiles\":%s,"
                    "\"weight\":5,\"fresh_for_days\":%s,\"advice\":\"thing\",\"frameworks\":{}}",
                    condition, profiles, fresh_for);
    documents[0] = text_string(&check);
    if (baseline_from_json(documents, 1, advice, &baseline, &err) < 0)
        fail_msg("%s", err.message);
    return baseline;
}

struct machine_facts machine_facts_of(const struct json *document, int64_t seen_at)
{
    struct machine_facts facts = {.seen_at = seen_at};

    facts.sections = must_allocate(json_count(document) + 1, sizeof(*facts.sections));
    for (const struct json *item = json_first(document); item != NULL; item = json_next(item))
        facts.sections[facts.count++] = (struct section_facts){
            .section = json_name(item),
            .facts = json_member(item, "facts"),
            .unknown = json_member(item, "unknown"),
        };
    return facts;
}

struct verdict judge_condition(const char *condition, const char *facts, int64_t now)
{
    struct baseline *baseline =
        baseline_of(condition, "[\"laptop\",\"server\"]", "{\"laptop\":7,\"server\":7}");
    AUTO(auto_json_free) struct json *document = NULL;
    struct machine_facts machine;
    struct verdict verdict;
    struct error err = {0};

    if (json_parse(facts, strlen(facts), &json_default_limits, &document, &err) < 0)
        fail_msg("%s", err.message);
    machine = machine_facts_of(document, JUDGING_NOW);
    check_judge(baseline_check(baseline, 0), &machine, PROFILE_LAPTOP, now, &verdict);
    free(machine.sections);
    baseline_free(baseline);
    return verdict;
}
