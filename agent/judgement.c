#include "agent/judgement.h"

#include <stdlib.h>

#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/memory.h"

static void facts_of(const struct json *document, struct machine_facts *facts)
{
    const struct json *sections = json_member(document, "sections");
    size_t count = json_count(sections);

    facts->sections = must_allocate(count + 1, sizeof(*facts->sections));
    (void)json_integer(json_member(document, "seen_at"), &facts->seen_at);
    for (const struct json *section = json_first(sections); section != NULL;
         section = json_next(section))
        facts->sections[facts->count++] =
            (struct section_facts){.section = json_name(section),
                                   .facts = json_member(section, "facts"),
                                   .unknown = json_member(section, "unknown")};
}

void judgement_make(const struct json *document, int64_t now, struct judgement *ret_judgement)
{
    const struct baseline *baseline = baseline_builtin();
    struct machine_facts facts = {0};
    struct judgement judgement = {.count = baseline_count(baseline)};

    facts_of(document, &facts);
    judgement.profile = machine_facts_profile(&facts);
    judgement.judged = must_allocate(judgement.count + 1, sizeof(*judgement.judged));
    for (size_t i = 0; i < judgement.count; i++) {
        struct judged *judged = &judgement.judged[i];

        judged->check = baseline_check(baseline, i);
        check_judge(judged->check, &facts, judgement.profile, now, &judged->verdict);
    }
    free(facts.sections);
    *ret_judgement = judgement;
}

void judgement_clear(struct judgement *judgement)
{
    free(judgement->judged);
    *judgement = (struct judgement){0};
}
