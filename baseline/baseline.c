#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "baseline/advice.h"
#include "baseline/builtin.h"
#include "baseline/check.h"
#include "platform/cleanup.h"
#include "platform/memory.h"

struct baseline {
    struct check *checks;
    size_t count;
    struct advice_book advice;
};

static int compare_checks(const void *left, const void *right)
{
    const struct check *a = left, *b = right;

    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    return strcmp(a->id, b->id);
}

static void auto_baseline_free(struct baseline **baseline)
{
    baseline_free(*baseline);
}

static int add_check(struct baseline *baseline, const char *document, struct error *err)
{
    struct check *check = &baseline->checks[baseline->count++];
    int r = check_read(document, check, err);

    if (r < 0)
        return r;
    check->advice = advice_find(&baseline->advice, check->advice_key);
    if (check->advice == NULL)
        return error_set(err, EINVAL, "%s: there is no advice \"%s\"", check->id,
                         check->advice_key);
    for (size_t i = 0; i + 1 < baseline->count; i++)
        if (strcmp(baseline->checks[i].id, check->id) == 0)
            return error_set(err, EINVAL, "%s: there are two checks of this name", check->id);
    return 0;
}

int baseline_from_json(const char *const *checks, size_t check_count, const char *advice,
                       struct baseline **ret_baseline, struct error *err)
{
    AUTO(auto_baseline_free) struct baseline *baseline = must_allocate(1, sizeof(*baseline));
    int r = advice_read(advice, &baseline->advice, err);

    if (r < 0)
        return r;
    if (check_count > RECEIPT_VERDICTS_MAX)
        return error_set(err, EINVAL, "a baseline has at most %u checks", RECEIPT_VERDICTS_MAX);
    baseline->checks = must_allocate(check_count + 1, sizeof(*baseline->checks));
    for (size_t i = 0; i < check_count; i++) {
        r = add_check(baseline, checks[i], err);
        if (r < 0)
            return r;
    }
    qsort(baseline->checks, baseline->count, sizeof(*baseline->checks), compare_checks);
    *ret_baseline = TAKE(baseline);
    return 0;
}

void baseline_free(struct baseline *baseline)
{
    if (baseline == NULL)
        return;
    for (size_t i = 0; i < baseline->count; i++)
        check_clear(&baseline->checks[i]);
    free(baseline->checks);
    advice_clear(&baseline->advice);
    free(baseline);
}

static struct baseline *builtin;

/* Tests read the same documents, so a program that was built cannot fail here. */
static void read_builtin(void)
{
    if (baseline_from_json(builtin_checks, builtin_check_count, builtin_advice, &builtin, NULL) < 0)
        abort();
}

const struct baseline *baseline_builtin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, read_builtin);
    return builtin;
}

size_t baseline_count(const struct baseline *baseline)
{
    return baseline->count;
}

const struct check *baseline_check(const struct baseline *baseline, size_t index)
{
    return &baseline->checks[index];
}

const struct check *baseline_find(const struct baseline *baseline, const char *id)
{
    for (size_t i = 0; i < baseline->count; i++)
        if (strcmp(baseline->checks[i].id, id) == 0)
            return &baseline->checks[i];
    return NULL;
}

const struct advice *check_advice(const struct check *check, const char *language)
{
    (void)language; /* English is the one that exists, and the one to fall back to */
    return check->advice;
}
