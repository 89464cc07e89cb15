#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "collectors/usb_policy/usbguard_policy.h"

#define WORD_SEPARATORS " \t\r"

/* A piece of a rule: a word, a string with its quotes, or one brace. Length 0 at the end. */
struct token {
    const char *start;
    size_t length;
};

/* One line while it is read. */
struct reader {
    const char *at, *end;
    bool broken; /* a string that does not end */
};

enum operator{ OPERATOR_EQUALS, OPERATOR_ANY, OPERATOR_ALL, OPERATOR_NONE };

/* What a rule says about the devices that it is for. */
struct rule {
    bool names_devices;  /* a serial number, hash, name or product */
    bool only_built_in;  /* not what is plugged in */
    bool may_be_storage; /* its interfaces leave room for storage */
    bool is_all_storage; /* its interfaces take in everything that has storage */
    bool has_interfaces;
    bool has_other_limits; /* anything else that a device must fit */
};

static struct token next_token(struct reader *reader)
{
    struct token token;

    while (reader->at < reader->end && strchr(WORD_SEPARATORS, *reader->at) != NULL)
        reader->at++;
    token = (struct token){.start = reader->at};
    if (reader->at == reader->end)
        return token;
    if (*reader->at == '"') {
        do
            reader->at += *reader->at == '\\' && reader->at + 1 < reader->end ? 2 : 1;
        while (reader->at < reader->end && *reader->at != '"');
        reader->broken = reader->at >= reader->end;
        reader->at += reader->at < reader->end;
    } else if (*reader->at == '{' || *reader->at == '}') {
        reader->at++;
    } else {
        while (reader->at < reader->end && strchr(WORD_SEPARATORS "{}\"", *reader->at) == NULL)
            reader->at++;
    }
    token.length = (size_t)(reader->at - token.start);
    return token;
}

static bool is_token(struct token token, const char *text)
{
    return token.length == strlen(text) && strncmp(token.start, text, token.length) == 0;
}

static bool starts_with(struct token token, const char *text)
{
    return token.length >= strlen(text) && strncmp(token.start, text, strlen(text)) == 0;
}

static bool is_operator(struct token token, enum operator* ret_operator)
{
    static const struct {
        const char *name;
        enum operator operator;
    } operators[] = {
        {"equals", OPERATOR_EQUALS},    {"equals-ordered", OPERATOR_EQUALS},
        {"match-all", OPERATOR_EQUALS}, {"one-of", OPERATOR_ANY},
        {"all-of", OPERATOR_ALL},       {"none-of", OPERATOR_NONE},
    };

    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (is_token(token, operators[i].name)) {
            *ret_operator = operators[i].operator;
            return true;
        }
    return false;
}

/* What the values of one attribute come to, whichever attribute it is. */
struct values {
    enum operator operator;
    size_t count;
    bool any_empty;     /* "" fits devices that tell nothing */
    bool any_product;   /* one of a vendor's, or of any */
    bool any_storage;   /* an interface that may be storage */
    bool whole_storage; /* an interface that is all of storage */
    bool all_hardwired;
};

/* Interfaces are CC:SS:PP in hexadecimal, from the right on '*' for any; storage is class 08. */
static void add_value(struct values *values, struct token token)
{
    bool all = starts_with(token, "*");

    values->count++;
    values->any_empty = values->any_empty || is_token(token, "\"\"");
    values->any_product = values->any_product || memchr(token.start, '*', token.length) != NULL;
    values->any_storage = values->any_storage || all || starts_with(token, "08:");
    values->whole_storage =
        values->whole_storage || is_token(token, "08:*:*") || is_token(token, "*:*:*");
    values->all_hardwired = values->all_hardwired && is_token(token, "\"hardwired\"");
}

/* A value, or an operator and values in braces. False when it is neither. */
static bool read_values(struct reader *reader, struct values *values)
{
    struct token token = next_token(reader);

    *values = (struct values){.all_hardwired = true};
    if (is_operator(token, &values->operator))
        token = next_token(reader);
    if (!is_token(token, "{")) {
        add_value(values, token);
        return token.length > 0 && !is_token(token, "}") && values->operator== OPERATOR_EQUALS;
    }
    for (token = next_token(reader); !is_token(token, "}"); token = next_token(reader)) {
        if (token.length == 0 || is_token(token, "{"))
            return false;
        add_value(values, token);
    }
    return values->count > 0;
}

static void limit_interfaces(struct rule *rule, const struct values *values)
{
    switch (values->operator) {
    case OPERATOR_EQUALS:
        rule->may_be_storage = values->any_storage;
        rule->is_all_storage = false;
        break;
    case OPERATOR_ANY:
        /* A device may have storage beside the interface that is asked for. */
        rule->is_all_storage = rule->is_all_storage && values->whole_storage;
        break;
    case OPERATOR_ALL:
        rule->is_all_storage = rule->is_all_storage && values->whole_storage && values->count == 1;
        break;
    case OPERATOR_NONE:
        rule->may_be_storage = !values->whole_storage;
        rule->is_all_storage = false;
        break;
    }
}

static bool is_name_attribute(struct token token)
{
    return is_token(token, "serial") || is_token(token, "hash") || is_token(token, "name");
}

static bool is_place_attribute(struct token token)
{
    return is_token(token, "parent-hash") || is_token(token, "via-port") ||
           is_token(token, "with-connect-type");
}

static bool is_product(struct token token)
{
    return memchr(token.start, ':', token.length) != NULL &&
           (isxdigit((unsigned char)token.start[0]) || token.start[0] == '*');
}

static bool read_attribute(struct reader *reader, struct token name, struct rule *rule)
{
    struct values values;

    if (is_product(name)) { /* the word "id" may be left out */
        rule->names_devices = rule->names_devices || memchr(name.start, '*', name.length) == NULL;
        rule->has_other_limits = true;
        return true;
    }
    if (!read_values(reader, &values))
        return false;
    if (is_token(name, "label"))
        return true;
    if (is_token(name, "with-interface")) {
        if (rule->has_interfaces)
            return false;
        rule->has_interfaces = true;
        limit_interfaces(rule, &values);
        return true;
    }
    rule->has_other_limits = true;
    if (is_place_attribute(name)) {
        if (is_token(name, "with-connect-type") && values.all_hardwired &&
            values.operator!= OPERATOR_NONE)
            rule->only_built_in = true;
        return true;
    }
    if (values.operator!= OPERATOR_NONE &&((is_token(name, "id") && !values.any_product) ||
                                           (is_name_attribute(name) && !values.any_empty)))
        rule->names_devices = true;
    return is_token(name, "id") || is_name_attribute(name);
}

static bool parse_rule(struct reader *reader, enum usbguard_storage *storage)
{
    struct rule rule = {.may_be_storage = true, .is_all_storage = true};
    struct token target = next_token(reader);
    bool allows = is_token(target, "allow");

    if (!allows && !is_token(target, "block") && !is_token(target, "reject"))
        return false;
    for (struct token token = next_token(reader); token.length > 0; token = next_token(reader)) {
        if (is_token(token, "if")) {
            rule.has_other_limits = true; /* conditions are true at times */
            break;
        }
        if (!read_attribute(reader, token, &rule) || reader->broken)
            return false;
    }
    if (*storage != STORAGE_UNDECIDED)
        return true;
    if (allows && !rule.names_devices && !rule.only_built_in && rule.may_be_storage)
        *storage = STORAGE_ALLOWED;
    if (!allows && rule.is_all_storage && !rule.has_other_limits)
        *storage = STORAGE_KEPT_OUT;
    return true;
}

int usbguard_rules_parse(const char *text, enum usbguard_storage *storage, struct error *err)
{
    size_t line_number = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        struct reader reader = {.at = text, .end = text + length};

        line_number++;
        while (reader.at < reader.end && strchr(WORD_SEPARATORS, *reader.at) != NULL)
            reader.at++;
        if (reader.at < reader.end && *reader.at != '#' && !parse_rule(&reader, storage))
            return error_set(err, EBADMSG, "line %zu is not a rule", line_number);
        text += length;
        text += *text == '\n';
    }
    return 0;
}
