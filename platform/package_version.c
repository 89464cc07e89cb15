#include "platform/package_version.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A part of a version: epoch, upstream version or revision. */
struct part {
    const char *at;
    const char *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* '~' comes before the end of the part, the end before letters, and letters before the rest. */
static int rank(const struct part *part)
{
    char c;

    if (part->at == part->end || is_digit(*part->at))
        return 0;
    c = *part->at;
    if (c == '~')
        return -1;
    return is_letter(c) ? c : (unsigned char)c + 256;
}

static bool at_non_digit(const struct part *part)
{
    return part->at < part->end && !is_digit(*part->at);
}

static int compare_non_digits(struct part *left, struct part *right)
{
    while (at_non_digit(left) || at_non_digit(right)) {
        int difference = rank(left) - rank(right);

        if (difference != 0)
            return difference;
        left->at++;
        right->at++;
    }
    return 0;
}

/* Takes the run of digits off the part and answers it without leading zeros. */
static struct part take_number(struct part *part)
{
    struct part number = *part;

    while (part->at < part->end && is_digit(*part->at))
        part->at++;
    number.end = part->at;
    while (number.at < number.end && *number.at == '0')
        number.at++;
    return number;
}

static int compare_numbers(struct part *left, struct part *right)
{
    struct part a = take_number(left), b = take_number(right);
    ptrdiff_t longer = (a.end - a.at) - (b.end - b.at);

    if (longer != 0)
        return longer < 0 ? -1 : 1;
    return a.at == a.end ? 0 : memcmp(a.at, b.at, (size_t)(a.end - a.at));
}

static int compare_parts(struct part left, struct part right)
{
    while (left.at < left.end || right.at < right.end) {
        int difference = compare_non_digits(&left, &right);

        if (difference == 0)
            difference = compare_numbers(&left, &right);
        if (difference != 0)
            return difference;
    }
    return 0;
}

/* Digits before a colon; without them the epoch is 0 and a colon is one character of many. */
static struct part take_epoch(struct part *version)
{
    struct part rest = *version;
    struct part epoch = take_number(&rest);

    if (rest.at == version->at || rest.at == rest.end || *rest.at != ':')
        return (struct part){version->at, version->at};
    version->at = rest.at + 1;
    return epoch;
}

/* What follows the last hyphen; without one it is empty, which equals "0". */
static struct part take_revision(struct part *version)
{
    for (const char *at = version->end; at > version->at; at--) {
        if (at[-1] == '-') {
            struct part revision = {at, version->end};

            version->end = at - 1;
            return revision;
        }
    }
    return (struct part){version->end, version->end};
}

int dpkg_version_compare(const char *left, size_t left_length, const char *right,
                         size_t right_length)
{
    struct part a = {left, left + left_length}, b = {right, right + right_length};
    struct part a_epoch = take_epoch(&a), b_epoch = take_epoch(&b);
    struct part a_revision = take_revision(&a), b_revision = take_revision(&b);
    int difference = compare_numbers(&a_epoch, &b_epoch);

    if (difference == 0)
        difference = compare_parts(a, b);
    return difference != 0 ? difference : compare_parts(a_revision, b_revision);
}
