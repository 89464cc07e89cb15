/* The strict gate of json.h: a scanner that accepts RFC 8259 minus what no honest sender needs. */
#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/memory.h"
#include "platform/utf8.h"

#define LARGEST_INTEGER "9007199254740992" /* 2^53 */
#define NUMBER_LENGTH   60U                /* cJSON reads at most 63 characters */
#define DEPTH_CAP       64U

const struct json_limits json_default_limits = {
    .max_size = 4U * 1024 * 1024,
    .max_values = 200000,
    .max_depth = 16,
};

/* The names of all objects that are open; each object's own start at its mark. */
struct names {
    struct json_bytes *items;
    size_t count;
    size_t capacity;
};

struct scanner {
    const char *text;
    size_t length;
    size_t at;
    size_t values;
    unsigned depth;
    const struct json_limits *limits;
    struct names names;
    struct error *err;
};

static int scan_value(struct scanner *scanner);

static int refuse(const struct scanner *scanner, const char *what)
{
    return error_set(scanner->err, EBADMSG, "JSON: %s at byte %zu", what, scanner->at);
}

static int next_byte(const struct scanner *scanner)
{
    return scanner->at < scanner->length ? (unsigned char)scanner->text[scanner->at] : -1;
}

static void skip_space(struct scanner *scanner)
{
    while (scanner->at < scanner->length && scanner->text[scanner->at] != '\0' &&
           strchr(" \t\r\n", scanner->text[scanner->at]) != NULL)
        scanner->at++;
}

static bool is_digit(int byte)
{
    return byte >= '0' && byte <= '9';
}

static size_t skip_digits(struct scanner *scanner)
{
    size_t start = scanner->at;

    while (is_digit(next_byte(scanner)))
        scanner->at++;
    return scanner->at - start;
}

static int hex_digit(int byte)
{
    if (is_digit(byte))
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Reads the four digits after "\u"; -1 when they are not four digits. */
static int scan_code_unit(struct scanner *scanner)
{
    int unit = 0;

    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(next_byte(scanner));

        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
        scanner->at++;
    }
    return unit;
}

static int scan_unicode_escape(struct scanner *scanner)
{
    int unit = scan_code_unit(scanner);

    if (unit <= 0)
        return refuse(scanner, "a bad or NUL \\u escape");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return refuse(scanner, "a lone surrogate");
    if (unit < 0xd800 || unit > 0xdbff)
        return 0;
    if (scanner->length - scanner->at < 6 || memcmp(scanner->text + scanner->at, "\\u", 2) != 0)
        return refuse(scanner, "a lone surrogate");
    scanner->at += 2;
    unit = scan_code_unit(scanner);
    return unit >= 0xdc00 && unit <= 0xdfff ? 0 : refuse(scanner, "a lone surrogate");
}

static int scan_escape(struct scanner *scanner)
{
    int byte;

    scanner->at++;
    byte = next_byte(scanner);
    if (byte <= 0 || strchr("\"\\/bfnrtu", byte) == NULL)
        return refuse(scanner, "an unknown escape");
    scanner->at++;
    return byte == 'u' ? scan_unicode_escape(scanner) : 0;
}

static int scan_string(struct scanner *scanner, bool escapes_allowed)
{
    scanner->at++;
    for (;;) {
        int byte = next_byte(scanner), r = 0;
        size_t size;

        if (byte < 0)
            return refuse(scanner, "a string without end");
        if (byte == '"')
            break;
        if (byte < 0x20)
            return refuse(scanner, "a control character in a string");
        if (byte == '\\') {
            r = escapes_allowed ? scan_escape(scanner) : refuse(scanner, "an escape in a name");
            if (r < 0)
                return r;
            continue;
        }
        size = utf8_sequence(scanner->text + scanner->at, scanner->length - scanner->at);
        if (size == 0)
            return refuse(scanner, "bytes that are no UTF-8");
        scanner->at += size;
    }
    scanner->at++;
    return 0;
}

/* Whole numbers stay exact in a double only within 2^53, and both sides must read the same. */
static bool integer_fits(const char *digits, size_t count)
{
    size_t most = strlen(LARGEST_INTEGER);

    return count < most || (count == most && memcmp(digits, LARGEST_INTEGER, most) <= 0);
}

/* Up to 199, so that 15 digits before it stay finite in a double; no fact needs as much. */
static bool exponent_fits(const char *digits, size_t count)
{
    return count <= 2 || (count == 3 && digits[0] <= '1');
}

static int scan_number(struct scanner *scanner)
{
    const char *start;
    size_t count, first = scanner->at;
    bool whole = true;

    if (next_byte(scanner) == '-')
        scanner->at++;
    start = scanner->text + scanner->at;
    count = skip_digits(scanner);
    if (count == 0 || (count > 1 && start[0] == '0'))
        return refuse(scanner, "a malformed number");
    if (next_byte(scanner) == '.') {
        whole = false;
        scanner->at++;
        if (skip_digits(scanner) == 0)
            return refuse(scanner, "a malformed number");
    }
    if (next_byte(scanner) == 'e' || next_byte(scanner) == 'E') {
        const char *exponent;
        size_t digits;

        whole = false;
        scanner->at++;
        if (next_byte(scanner) == '+' || next_byte(scanner) == '-')
            scanner->at++;
        exponent = scanner->text + scanner->at;
        digits = skip_digits(scanner);
        if (digits == 0 || !exponent_fits(exponent, digits))
            return refuse(scanner, "a number out of range");
    }
    if ((whole ? !integer_fits(start, count) : count > 15) || scanner->at - first > NUMBER_LENGTH)
        return refuse(scanner, "a number out of range");
    return 0;
}

static int scan_word(struct scanner *scanner, const char *word)
{
    size_t length = strlen(word);

    if (scanner->length - scanner->at < length ||
        memcmp(scanner->text + scanner->at, word, length) != 0)
        return refuse(scanner, "an unknown word");
    scanner->at += length;
    return 0;
}

static int compare_names(const void *left, const void *right)
{
    const struct json_bytes *a = left, *b = right;
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = shorter == 0 ? 0 : memcmp(a->start, b->start, shorter);

    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

/* Sorting finds a name that comes twice without comparing each with each. */
static int check_names(struct scanner *scanner, size_t mark)
{
    size_t count = scanner->names.count - mark;
    struct json_bytes *own;

    scanner->names.count = mark;
    if (count < 2)
        return 0;
    own = scanner->names.items + mark;
    qsort(own, count, sizeof(*own), compare_names);
    for (size_t i = 1; i < count; i++)
        if (compare_names(&own[i - 1], &own[i]) == 0)
            return refuse(scanner, "a name that comes twice in the object ending");
    return 0;
}

static void remember_name(struct names *names, const char *start, size_t length)
{
    if (names->count == names->capacity) {
        names->capacity = names->capacity == 0 ? 64 : names->capacity * 2;
        names->items = must_grow(names->items, names->capacity, sizeof(*names->items));
    }
    names->items[names->count++] = (struct json_bytes){.start = start, .length = length};
}

static int scan_member_name(struct scanner *scanner)
{
    size_t start = scanner->at + 1;
    int r;

    if (next_byte(scanner) != '"')
        return refuse(scanner, "something else where a name belongs");
    r = scan_string(scanner, false);
    if (r < 0)
        return r;
    remember_name(&scanner->names, scanner->text + start, scanner->at - start - 1);
    skip_space(scanner);
    if (next_byte(scanner) != ':')
        return refuse(scanner, "a name without a colon");
    scanner->at++;
    return 0;
}

/* The members of an object or the items of an array, from the opening bracket on. */
static int scan_members(struct scanner *scanner, int closing)
{
    size_t mark = scanner->names.count;
    int r;

    scanner->at++;
    skip_space(scanner);
    if (next_byte(scanner) == closing) {
        scanner->at++;
        return 0;
    }
    for (;;) {
        skip_space(scanner);
        r = closing == '}' ? scan_member_name(scanner) : 0;
        if (r == 0)
            r = scan_value(scanner);
        if (r < 0)
            return r;
        skip_space(scanner);
        if (next_byte(scanner) == closing)
            break;
        if (next_byte(scanner) != ',')
            return refuse(scanner, "neither a comma nor an end");
        scanner->at++;
    }
    scanner->at++;
    return check_names(scanner, mark);
}

static int scan_nested(struct scanner *scanner, int closing)
{
    unsigned deepest =
        scanner->limits->max_depth < DEPTH_CAP ? scanner->limits->max_depth : DEPTH_CAP;
    int r;

    if (scanner->depth >= deepest)
        return error_set(scanner->err, EFBIG, "JSON: nested deeper than %u at byte %zu", deepest,
                         scanner->at);
    scanner->depth++;
    r = scan_members(scanner, closing);
    scanner->depth--;
    return r;
}

static int scan_value(struct scanner *scanner) /* NOLINT(misc-no-recursion): bounded by depth */
{
    int byte;

    skip_space(scanner);
    if (++scanner->values > scanner->limits->max_values)
        return error_set(scanner->err, EFBIG, "JSON: more than %zu values",
                         scanner->limits->max_values);
    byte = next_byte(scanner);
    switch (byte) {
    case '{':
        return scan_nested(scanner, '}');
    case '[':
        return scan_nested(scanner, ']');
    case '"':
        return scan_string(scanner, true);
    case 't':
        return scan_word(scanner, "true");
    case 'f':
        return scan_word(scanner, "false");
    case 'n':
        return scan_word(scanner, "null");
    default:
        if (byte == '-' || is_digit(byte))
            return scan_number(scanner);
        return refuse(scanner, byte < 0 ? "the end where a value belongs"
                                        : "something that starts no value");
    }
}

int json_check(const char *text, size_t length, const struct json_limits *limits, struct error *err)
{
    struct scanner scanner = {.text = text, .length = length, .limits = limits, .err = err};
    int r;

    if (length > limits->max_size)
        return error_set(err, EFBIG, "JSON: larger than %zu bytes", limits->max_size);
    r = scan_value(&scanner);
    free(scanner.names.items);
    if (r < 0)
        return r;
    skip_space(&scanner);
    return scanner.at == length ? 0 : refuse(&scanner, "something after the end");
}

/* What follows walks text that passed the gate, so it only looks for where values end. */

static size_t end_of_string(const char *text, size_t at)
{
    for (at++; text[at] != '"'; at++)
        if (text[at] == '\\')
            at++;
    return at + 1;
}

static size_t end_of_value(struct json_bytes object, size_t at)
{
    unsigned depth = 0;

    while (at < object.length) {
        char byte = object.start[at];

        if (byte == '"') {
            at = end_of_string(object.start, at);
            if (depth == 0)
                return at;
            continue;
        }
        if (byte == '{' || byte == '[')
            depth++;
        if ((byte == '}' || byte == ']') && depth-- <= 1)
            return depth == 0 ? at + 1 : at; /* a bare value ends before its parent's bracket */
        if (depth == 0 && (byte == ',' || strchr(" \t\r\n", byte) != NULL))
            return at;
        at++;
    }
    return at;
}

static size_t after_space(struct json_bytes object, size_t at)
{
    while (at < object.length && strchr(" \t\r\n,:{", object.start[at]) != NULL)
        at++;
    return at;
}

bool json_each_member(struct json_bytes object, size_t *position, struct json_bytes *ret_name,
                      struct json_bytes *ret_value)
{
    size_t at, start;

    if (*position == 0) {
        while (*position < object.length && object.start[*position] != '{')
            (*position)++;
        (*position)++;
    }
    at = after_space(object, *position);
    if (at >= object.length || object.start[at] != '"')
        return false;
    start = at + 1;
    at = end_of_string(object.start, at);
    *ret_name = (struct json_bytes){.start = object.start + start, .length = at - start - 1};
    while (object.start[at] != ':')
        at++;
    at++;
    while (strchr(" \t\r\n", object.start[at]) != NULL)
        at++;
    *position = end_of_value(object, at);
    *ret_value = (struct json_bytes){.start = object.start + at, .length = *position - at};
    return true;
}

bool json_member_bytes(struct json_bytes object, const char *name, struct json_bytes *ret_value)
{
    struct json_bytes member, value;
    size_t position = 0;

    while (json_each_member(object, &position, &member, &value)) {
        if (member.length != strlen(name) || memcmp(member.start, name, member.length) != 0)
            continue;
        *ret_value = value;
        return true;
    }
    return false;
}
