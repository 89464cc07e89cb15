#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest;
struct text;

/*
 * A section is one collector's part of a snapshot: facts by name, each a value or null with a
 * reason. The collector's table says which facts there are; nothing outside the table can be
 * written, and every fact of the table comes out, in the table's order, so that an unchanged
 * machine gives the same bytes.
 */

/* Why a fact is not known. The list is closed; names as in docs/snapshot-format.md. */
enum unknown_reason {
    UNKNOWN_NOT_APPLICABLE, /* measured: the thing does not exist here */
    UNKNOWN_NOT_PERMITTED,  /* it may be there, and we may not look */
    UNKNOWN_NOT_PRESENT,    /* the source that would tell is missing */
    UNKNOWN_UNSUPPORTED,    /* we do not understand this kind of system yet */
    UNKNOWN_PARSE_ERROR,    /* the source is not what it should be */
    UNKNOWN_TIMEOUT,
    UNKNOWN_LIMIT_EXCEEDED,     /* larger than we are willing to read */
    UNKNOWN_STALE,              /* the source is too old to tell */
    UNKNOWN_IN_PROGRESS,        /* it is changing while we look */
    UNKNOWN_CONFLICTING,        /* two sources say different things */
    UNKNOWN_NOT_RUNNING,        /* the service that would tell is not running */
    UNKNOWN_SANDBOXED,          /* we look from inside a container or another namespace */
    UNKNOWN_DISABLED_BY_POLICY, /* someone decided that we do not look */
};
#define UNKNOWN_REASON_COUNT 13

const char *unknown_reason_name(enum unknown_reason reason);
bool unknown_reason_from_name(const char *name, enum unknown_reason *ret_reason);

/* The reason for a failed read: -EACCES and -EPERM not_permitted, -ENOENT not_present,
 * -EFBIG limit_exceeded, -ETIMEDOUT timeout, -EAGAIN in_progress, -ENOSYS unsupported (a kernel
 * that lacks the call), else parse_error. */
enum unknown_reason unknown_reason_from_code(int negative_errno);

enum fact_type {
    FACT_BOOL,
    FACT_INTEGER,
    FACT_TEXT,  /* at most 256 bytes; longer is cut */
    FACT_ENUM,  /* one of choices */
    FACT_TIME,  /* RFC 3339 UTC, whole seconds */
    FACT_TEXTS, /* a list of texts */
    FACT_ITEMS, /* a list of objects, each with the facts of items */
};

/* Whom a fact could point out. What names a person is never collected, so it has no value here. */
enum fact_privacy { PRIVACY_PUBLIC, PRIVACY_IDENTIFYING };

/* One row of a collector's table; the table ends with a row without a name. */
struct fact {
    const char *name; /* lower_snake */
    enum fact_type type;
    enum fact_privacy privacy;
    const char *unit;           /* "bytes", "seconds"; NULL where there is none */
    const char *purpose;        /* one sentence for the people of the machine */
    const char *const *choices; /* FACT_ENUM: ended by NULL */
    const struct fact *items;   /* FACT_ITEMS: facts that are no FACT_ITEMS themselves */
};

#define FACT_LIST_MAX 256U /* more entries of a list than this are dropped, see facts_add_item */

/* The facts being filled: those of the section, or those of one item of a list. */
struct facts;
struct section;

/* name and table live longer than the section. */
struct section *section_new(const char *name, unsigned schema, const struct fact *table);
void section_free(struct section *section);
void auto_section_free(struct section **section); /* for AUTO() */
const char *section_name(const struct section *section);
unsigned section_schema(const struct section *section);
struct facts *section_facts(struct section *section);

/*
 * Setting a name that is not in the table, or with another type, is a programmer's mistake and
 * aborts. Setting again replaces. A fact that was never set comes out as null, "unsupported".
 */
void facts_set_bool(struct facts *facts, const char *name, bool value);
void facts_set_integer(struct facts *facts, const char *name, int64_t value);
void facts_set_text(struct facts *facts, const char *name, const char *value);
void facts_set_enum(struct facts *facts, const char *name, const char *choice);
void facts_set_time(struct facts *facts, const char *name, int64_t seconds);
void facts_set_unknown(struct facts *facts, const char *name, enum unknown_reason reason);

/* Says that the list is known and, so far, empty. Adding to a list says so too. */
void facts_set_empty(struct facts *facts, const char *name);
void facts_add_text(struct facts *facts, const char *name, const char *value);

/*
 * A new item of a list, filled through the same functions. Beyond FACT_LIST_MAX it answers an
 * item that is thrown away; report the full count as a fact of its own where it matters.
 */
struct facts *facts_add_item(struct facts *facts, const char *name);

/* Every fact that has not been set becomes unknown for this reason. */
void facts_set_rest_unknown(struct facts *facts, enum unknown_reason reason);

/*
 * Remembers in a few words what could not be read, for the journal and for "dijkwacht show"; it
 * is not part of the facts. At most 16 are kept.
 */
void facts_note(struct facts *facts, const char *message);
size_t section_note_count(const struct section *section);
const char *section_note(const struct section *section, size_t index);

/* True when no fact, at any depth, is unknown for a reason other than not_applicable. */
bool section_complete(const struct section *section);

/*
 * Adds the exact bytes that count: the JSON object of the facts, and the JSON object of the
 * reasons, as "name" or "list[2].name" -> reason.
 */
void section_write_facts(const struct section *section, struct text *out);
void section_write_unknown(const struct section *section, struct text *out);

/* SHA-256 of the bytes of facts, one LF, and the bytes of unknown. */
void section_digest_of(const char *facts, size_t facts_length, const char *unknown,
                       size_t unknown_length, struct digest *ret_digest);
