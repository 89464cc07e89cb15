#include "baseline/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "baseline/document.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/memory.h"

#define TITLE_MAX      80U
#define WEIGHT_MAX     10
#define FRESH_DAYS_MAX 90
#define DAY_SECONDS    86400

static const char *const profile_names[PROFILE_COUNT] = {"laptop", "server"};

static int read_names(const struct json *document, struct check *check, struct error *err)
{
    const char *id = json_text(json_member(document, "id")), *title = "", *advice = "";
    int r;

    if (id == NULL || !document_name_valid(id, strlen(id)))
        return error_set(err, EINVAL, "\"id\" must be a to z, 0 to 9 and _, at most 48");
    check->id = must_copy_text(id, strlen(id));
    r = document_text(document, "title", TITLE_MAX, &title, err);
    if (r == 0)
        r = document_text(document, "advice", CHECK_ID_SIZE - 1, &advice, err);
    if (r < 0)
        return r;
    check->title = must_copy_text(title, strlen(title));
    check->advice_key = must_copy_text(advice, strlen(advice));
    return 0;
}

static int profile_of(const char *name)
{
    for (unsigned i = 0; name != NULL && i < PROFILE_COUNT; i++)
        if (strcmp(profile_names[i], name) == 0)
            return (int)i;
    return -1;
}

static int read_profiles(const struct json *list, struct check *check, struct error *err)
{
    if (!json_is(list, JSON_ARRAY) || json_count(list) == 0)
        return error_set(err, EINVAL, "\"profiles\" must be a list of \"laptop\" and \"server\"");
    for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
        int profile = profile_of(json_text(item));

        if (profile < 0 || check->applies[profile])
            return error_set(err, EINVAL, "\"profiles\" may hold \"laptop\" and \"server\", once");
        check->applies[profile] = true;
    }
    return 0;
}

static int read_fresh_for(const struct json *object, struct check *check, struct error *err)
{
    size_t applies = 0;

    for (unsigned i = 0; i < PROFILE_COUNT; i++) {
        int64_t days;

        if (!check->applies[i])
            continue;
        applies++;
        if (!json_integer(json_member(object, profile_names[i]), &days) || days < 1 ||
            days > FRESH_DAYS_MAX)
            return error_set(err, EINVAL, "\"fresh_for_days\" needs \"%s\", 1 to %d",
                             profile_names[i], FRESH_DAYS_MAX);
        check->fresh_for_seconds[i] = days * DAY_SECONDS;
    }
    if (!json_is(object, JSON_OBJECT) || json_count(object) != applies)
        return error_set(err, EINVAL, "\"fresh_for_days\" must name the profiles and no others");
    return 0;
}

static int read_weight(const struct json *value, struct check *check, struct error *err)
{
    int64_t weight;

    if (!json_integer(value, &weight) || weight < 1 || weight > WEIGHT_MAX)
        return error_set(err, EINVAL, "\"weight\" must be 1 to %d", WEIGHT_MAX);
    check->weight = (unsigned)weight;
    return 0;
}

/* Which requirements of which published frameworks it answers: for reports, so only its shape. */
static int verify_frameworks(const struct json *object, struct error *err)
{
    if (!json_is(object, JSON_OBJECT))
        return error_set(err, EINVAL, "\"frameworks\" must be an object");
    for (const struct json *list = json_first(object); list != NULL; list = json_next(list)) {
        if (!document_name_valid(json_name(list), strlen(json_name(list))) ||
            !json_is(list, JSON_ARRAY) || json_count(list) == 0)
            return error_set(err, EINVAL, "\"frameworks\" must map names to lists");
        for (const struct json *item = json_first(list); item != NULL; item = json_next(item))
            if (!json_is(item, JSON_TEXT) && !json_is(item, JSON_NUMBER))
                return error_set(err, EINVAL, "\"frameworks\" may list texts and numbers");
    }
    return 0;
}

static int read_members(const struct json *document, struct check *check, struct error *err)
{
    static const char *const members[] = {"id",       "title",      "condition",
                                          "profiles", "weight",     "fresh_for_days",
                                          "advice",   "frameworks", NULL};
    int r = document_members(document, members, err);

    if (r == 0)
        r = read_names(document, check, err);
    if (r == 0)
        r = read_profiles(json_member(document, "profiles"), check, err);
    if (r == 0)
        r = read_fresh_for(json_member(document, "fresh_for_days"), check, err);
    if (r == 0)
        r = read_weight(json_member(document, "weight"), check, err);
    if (r == 0)
        r = verify_frameworks(json_member(document, "frameworks"), err);
    if (r == 0)
        r = condition_read(json_member(document, "condition"), &check->condition, err);
    return r;
}

int check_read(const char *document, struct check *ret_check, struct error *err)
{
    AUTO(auto_json_free) struct json *tree = NULL;
    int r = json_parse(document, strlen(document), &json_default_limits, &tree, err);

    *ret_check = (struct check){0};
    if (r < 0)
        return error_wrap(err, r, "a check");
    r = read_members(tree, ret_check, err);
    if (r == 0)
        return 0;
    return error_wrap(err, r, ret_check->id == NULL ? "a check" : ret_check->id);
}

void check_clear(struct check *check)
{
    free(check->id);
    free(check->title);
    free(check->advice_key);
    condition_clear(&check->condition);
    *check = (struct check){0};
}

const char *check_id(const struct check *check)
{
    return check->id;
}

const char *check_title(const struct check *check)
{
    return check->title;
}

unsigned check_weight(const struct check *check)
{
    return check->weight;
}
