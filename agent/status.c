#include "agent/status.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/json.h"
#include "platform/json_writer.h"
#include "platform/text.h"

int status_load(const struct layout *layout, int64_t now, struct status *ret_status,
                struct error *err)
{
    int r;

    *ret_status = (struct status){.now = now};
    r = published_read_facts(layout, &ret_status->facts, err);
    ret_status->unreadable = r < 0 && r != -ENOENT;
    ret_status->enrolled = enrolment_load(layout, &ret_status->enrolment, NULL) == 0;
    published_read_delivery(layout, &ret_status->delivery);
    if (r < 0)
        return r;
    judgement_make(ret_status->facts, now, &ret_status->judgement);
    status_count(ret_status);
    return 0;
}

void status_count(struct status *status)
{
    for (size_t i = 0; i < status->judgement.count; i++)
        status->counts[status->judgement.judged[i].verdict.state]++;
}

void status_clear(struct status *status)
{
    json_free(status->facts);
    judgement_clear(&status->judgement);
    *status = (struct status){0};
}

int status_exit_code(const struct status *status)
{
    if (status->counts[VERDICT_FAIL] > 0)
        return EXIT_CODE_ATTENTION;
    /* Without a single good check nothing is known to be good. */
    if (status->counts[VERDICT_UNKNOWN] > 0 ||
        status->counts[VERDICT_PASS] + status->counts[VERDICT_ACCEPTED] == 0)
        return EXIT_CODE_UNKNOWN;
    return EXIT_CODE_GOOD;
}

/* What is too old became so when its time was over, without anything being written then. */
static int64_t since_unwritten(const struct status *status, const struct verdict *verdict)
{
    bool too_old = verdict->state == VERDICT_UNKNOWN && verdict->reason == UNKNOWN_STALE;

    return too_old && verdict->valid_until < status->now ? verdict->valid_until : status->now;
}

int64_t status_since(const struct status *status, const struct judged *judged)
{
    const struct json *entry =
        json_member(json_member(status->facts, "checks"), check_id(judged->check));
    const char *state = json_text(json_member(entry, "state"));
    int64_t since;

    if (state == NULL || strcmp(state, verdict_state_name(judged->verdict.state)) != 0 ||
        !json_integer(json_member(entry, "since"), &since) || since > status->now)
        return since_unwritten(status, &judged->verdict);
    return since;
}

static void add_time(struct json_writer *writer, const char *name, int64_t time)
{
    char text[CLOCK_TEXT_SIZE];

    clock_to_text(time, text);
    json_add_text_or_null(writer, name, time == 0 ? NULL : text);
}

static void write_check(const struct status *status, const struct judged *judged,
                        struct json_writer *writer)
{
    const struct advice *advice = check_advice(judged->check, "en");
    const struct verdict *verdict = &judged->verdict;

    json_begin_object(writer);
    json_add_text(writer, "check", check_id(judged->check));
    json_add_text(writer, "title", check_title(judged->check));
    json_add_text(writer, "state", verdict_state_name(verdict->state));
    json_add_text_or_null(writer, "reason",
                          verdict->state == VERDICT_UNKNOWN ? unknown_reason_name(verdict->reason)
                                                            : NULL);
    json_add_text_or_null(writer, "fact", verdict->fact[0] == '\0' ? NULL : verdict->fact);
    add_time(writer, "since", status_since(status, judged));
    json_add_integer(writer, "weight", check_weight(judged->check));
    if (verdict->state == VERDICT_FAIL) {
        json_add_text(writer, "wrong", advice->wrong);
        json_add_text(writer, "why", advice->why);
        json_add_text(writer, "steps", advice->steps);
        json_add_text(writer, "time", advice->time);
        json_add_bool(writer, "needs_volunteer", advice->needs_volunteer);
    }
    json_end_object(writer);
}

static void write_delivery(const struct status *status, struct json_writer *writer)
{
    const struct delivery *delivery = &status->delivery;

    json_write_name(writer, "delivery");
    json_begin_object(writer);
    add_time(writer, "made_at", delivery->made_at);
    add_time(writer, "received_at", delivery->received_at);
    json_add_integer(writer, "waiting", delivery->waiting);
    add_time(writer, "waiting_since", delivery->waiting_since);
    json_add_integer(writer, "refused", delivery->refused);
    json_add_text_or_null(writer, "refusal",
                          delivery->refused == 0 ? NULL : refusal_reason_name(delivery->refusal));
    json_end_object(writer);
}

void status_write_json(const struct status *status, struct text *out)
{
    struct json_writer writer = {0};
    int64_t seen_at = 0;

    (void)json_integer(json_member(status->facts, "seen_at"), &seen_at);
    json_begin_object(&writer);
    json_add_bool(&writer, "enrolled", status->enrolled);
    json_add_text_or_null(&writer, "label", status->enrolled ? status->enrolment.label : NULL);
    json_add_text_or_null(&writer, "machine", status->enrolled ? status->enrolment.machine : NULL);
    json_add_text_or_null(&writer, "server", status->enrolled ? status->enrolment.url : NULL);
    add_time(&writer, "seen_at", seen_at);
    json_write_name(&writer, "checks");
    json_begin_array(&writer);
    for (size_t i = 0; i < status->judgement.count; i++)
        write_check(status, &status->judgement.judged[i], &writer);
    json_end_array(&writer);
    write_delivery(status, &writer);
    json_end_object(&writer);
    text_add_string(&writer.out, "\n");
    text_add(out, writer.out.bytes, writer.out.length);
    text_clear(&writer.out);
}
