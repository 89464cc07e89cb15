#pragma once

#include <stdint.h>

#include "agent/layout.h"
#include "platform/error.h"

struct status;
struct text;

/*
 * "Is my computer safe?": the verdicts of "dijkwacht status" as one page for a browser. It holds
 * everything it needs and no script. Every time on it is a date, because the page may be read long
 * after it was written, and it says until when it holds.
 */

/* public_folder is where it says that the files which left the machine are. */
void status_page_write(const struct status *status, const char *public_folder, struct text *out);

#define STATUS_PAGE_FILE "status.html"

/* Writes the page into the public folder, unless the same page is there already. */
int status_page_publish(const struct layout *layout, int64_t now, struct error *err);

/* What the page has to say as a whole. */
enum status_answer {
    ANSWER_FIX,
    ANSWER_UNKNOWN,
    ANSWER_GOOD,
    ANSWER_TOO_OLD,      /* nothing is known any more */
    ANSWER_UNREADABLE,   /* what was seen cannot be read */
    ANSWER_NOTHING_SEEN, /* enrolled, and has not looked yet */
    ANSWER_NOT_ENROLLED, /* and has not looked */
};

enum status_answer status_page_answer(const struct status *status);

/* Its parts. */
void status_page_write_heading(const struct status *status, enum status_answer answer,
                               struct text *out);
void status_page_write_lead(const struct status *status, enum status_answer answer,
                            struct text *out);
void status_page_write_checks(const struct status *status, struct text *out);

/* "23 November 2026, 22:30 CET" and "23 November 2026", in the machine's own time zone. */
void status_page_add_time(struct text *out, int64_t time);
void status_page_add_day(struct text *out, int64_t time);

/* "1 thing", "2 things" */
void status_page_add_number(struct text *out, unsigned count, const char *one, const char *many);

/* "<svg>" with the mark of that name. */
void status_page_add_mark(struct text *out, const char *name);

/* What status_page.css and status_page.svg hold. */
extern const char status_page_style[];
extern const char status_page_marks[];
