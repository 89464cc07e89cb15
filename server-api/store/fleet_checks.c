#include "server-api/store/fleet_checks.h"

#include <stdlib.h>
#include <string.h>

#include "baseline/verdict.h"
#include "platform/clock.h"
#include "platform/json_writer.h"
#include "platform/memory.h"

#define WORDINGS 8U /* of each check: how many different verdicts are remembered */

/* How one verdict on one check is written, around the time since when it has been so. */
struct wording {
    struct text key; /* state, reason and fact as they are kept, and whether it is too old */
    struct text before;
    struct text after;
};

struct fleet_checks {
    const struct baseline *baseline;
    size_t count;
    struct wording *wordings; /* WORDINGS for each check */
    struct kept_verdict *kept;
    bool *known; /* which of kept there are */
    int64_t now;
    int64_t time; /* the last one that was written */
    char time_text[CLOCK_TEXT_SIZE];
};

struct fleet_checks *fleet_checks_new(const struct baseline *baseline, int64_t now)
{
    struct fleet_checks *checks = must_allocate(1, sizeof(*checks));
    size_t count = baseline_count(baseline);

    checks->baseline = baseline;
    checks->count = count;
    checks->wordings = must_allocate((count + 1) * WORDINGS, sizeof(*checks->wordings));
    checks->kept = must_allocate(count + 1, sizeof(*checks->kept));
    checks->known = must_allocate(count + 1, sizeof(*checks->known));
    checks->now = now;
    clock_to_text(0, checks->time_text);
    return checks;
}

void fleet_checks_free(struct fleet_checks *checks)
{
    if (checks == NULL)
        return;
    for (size_t i = 0; i < checks->count * WORDINGS; i++) {
        text_clear(&checks->wordings[i].key);
        text_clear(&checks->wordings[i].before);
        text_clear(&checks->wordings[i].after);
    }
    free(checks->wordings);
    free(checks->kept);
    free(checks->known);
    free(checks);
}

void fleet_checks_write_time(struct fleet_checks *checks, int64_t seconds, struct text *out)
{
    char quoted[CLOCK_TEXT_SIZE + 1];

    if (checks->time != seconds)
        clock_to_text(seconds, checks->time_text);
    checks->time = seconds;
    quoted[0] = quoted[CLOCK_TEXT_SIZE] = '"';
    memcpy(quoted + 1, checks->time_text, CLOCK_TEXT_SIZE - 1);
    text_add(out, quoted, sizeof(quoted));
}

/* A check that this program's baseline no longer has is passed over. */
static void keep(struct fleet_checks *checks, size_t expected, const struct kept_verdict *verdict)
{
    for (size_t i = 0; i < checks->count; i++) {
        size_t index = (expected + i) % checks->count;

        if (!kept_field_is(&verdict->check, check_id(baseline_check(checks->baseline, index))))
            continue;
        checks->kept[index] = *verdict;
        checks->known[index] = true;
        return;
    }
}

static void collect(struct fleet_checks *checks, const struct kept_field *text)
{
    struct kept_verdict verdict;
    size_t at = 0;

    memset(checks->known, 0, checks->count * sizeof(*checks->known));
    for (size_t i = 0; kept_verdict_next(text, &at, &verdict); i++)
        keep(checks, i, &verdict);
}

static void write_head(const struct check *check, struct text *out)
{
    text_add_string(out, "{\"id\":");
    json_quote(out, check_id(check), strlen(check_id(check)));
    text_add_string(out, ",\"title\":");
    json_quote(out, check_title(check), strlen(check_title(check)));
    text_add_string(out, ",\"state\":");
}

static void quote_or_null(const struct kept_field *field, struct text *out)
{
    if (field->length == 0)
        text_add_string(out, "null");
    else
        json_quote(out, field->bytes, field->length);
}

static void word(const struct check *check, const struct kept_verdict *kept, bool too_old,
                 struct wording *wording)
{
    write_head(check, &wording->before);
    if (too_old) {
        text_add_string(&wording->before, "\"unknown\",\"reason\":\"stale\"");
    } else {
        json_quote(&wording->before, kept->state.bytes, kept->state.length);
        text_add_string(&wording->before, ",\"reason\":");
        quote_or_null(&kept->reason, &wording->before);
    }
    text_add_string(&wording->before, ",\"since\":");
    text_add_string(&wording->after, ",\"fact\":");
    quote_or_null(&kept->fact, &wording->after);
    text_add_string(&wording->after, "}");
}

static bool is_key(const struct text *key, const struct kept_field *words, char mark)
{
    return key->length == words->length + 1 && key->bytes[words->length] == mark &&
           memcmp(key->bytes, words->bytes, words->length) == 0;
}

static const struct wording *find_wording(struct fleet_checks *checks, size_t index,
                                          const struct kept_verdict *kept, bool too_old)
{
    /* The three fields stand side by side in the text that they are from. */
    const struct kept_field words = {
        kept->state.bytes, (size_t)(kept->fact.bytes + kept->fact.length - kept->state.bytes)};
    char mark = too_old ? 'o' : 'k';
    size_t place = (words.length + kept->fact.length + too_old) % WORDINGS;
    struct wording *wording = &checks->wordings[index * WORDINGS + place];

    if (is_key(&wording->key, &words, mark))
        return wording;
    text_truncate(&wording->key, 0);
    text_truncate(&wording->before, 0);
    text_truncate(&wording->after, 0);
    text_add(&wording->key, words.bytes, words.length);
    text_add(&wording->key, &mark, 1);
    word(baseline_check(checks->baseline, index), kept, too_old, wording);
    return wording;
}

static void write_check(struct fleet_checks *checks, size_t index, int64_t overdue_at,
                        struct text *out)
{
    const struct kept_verdict *kept = &checks->kept[index];
    const struct wording *wording;
    int64_t end;

    if (!checks->known[index]) {
        write_head(baseline_check(checks->baseline, index), out);
        text_add_string(out, "\"unknown\",\"reason\":\"not_present\",\"since\":null,"
                             "\"fact\":null}");
        return;
    }
    end = kept->valid_until < overdue_at ? kept->valid_until : overdue_at;
    wording = find_wording(checks, index, kept, checks->now > end);
    text_add(out, wording->before.bytes, wording->before.length);
    fleet_checks_write_time(checks, checks->now > end ? end : kept->since, out);
    text_add(out, wording->after.bytes, wording->after.length);
}

void fleet_checks_write(struct fleet_checks *checks, const struct kept_field *verdicts,
                        int64_t overdue_at, struct text *out)
{
    collect(checks, verdicts);
    for (size_t i = 0; i < checks->count; i++) {
        if (i > 0)
            text_add(out, ",", 1);
        write_check(checks, i, overdue_at, out);
    }
}
