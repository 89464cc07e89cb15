#include "snapshot/state.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"

bool section_name_valid(const char *name, size_t length)
{
    if (length == 0 || length >= SECTION_NAME_SIZE || name[0] < 'a' || name[0] > 'z')
        return false;
    for (size_t i = 1; i < length; i++)
        if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') ||
              name[i] == '_'))
            return false;
    return true;
}

/* Where the name is, or would be. */
static size_t place_of(const struct state *state, const char *name)
{
    size_t at = 0;

    while (at < state->count && strcmp(state->entries[at].name, name) < 0)
        at++;
    return at;
}

static bool is_at(const struct state *state, size_t at, const char *name)
{
    return at < state->count && strcmp(state->entries[at].name, name) == 0;
}

int state_set(struct state *state, const char *name, const struct digest *digest)
{
    size_t at, length = strlen(name);

    if (!section_name_valid(name, length))
        return -EINVAL;
    at = place_of(state, name);
    if (!is_at(state, at, name)) {
        if (state->count >= STATE_SECTIONS_MAX)
            return -E2BIG;
        memmove(&state->entries[at + 1], &state->entries[at],
                (state->count - at) * sizeof(state->entries[0]));
        state->count++;
        memcpy(state->entries[at].name, name, length + 1);
    }
    state->entries[at].digest = *digest;
    return 0;
}

bool state_remove(struct state *state, const char *name)
{
    size_t at = place_of(state, name);

    if (!is_at(state, at, name))
        return false;
    state->count--;
    memmove(&state->entries[at], &state->entries[at + 1],
            (state->count - at) * sizeof(state->entries[0]));
    return true;
}

const struct state_entry *state_find(const struct state *state, const char *name)
{
    size_t at = place_of(state, name);

    return is_at(state, at, name) ? &state->entries[at] : NULL;
}

void state_to_text(const struct state *state, struct text *out)
{
    for (size_t i = 0; i < state->count; i++) {
        char hex[DIGEST_HEX_SIZE];

        digest_to_hex(&state->entries[i].digest, hex);
        text_add_format(out, "%s %s\n", state->entries[i].name, hex);
    }
}

void state_digest(const struct state *state, struct digest *ret_digest)
{
    AUTO(text_clear) struct text text = {0};

    state_to_text(state, &text);
    digest_of(text_string(&text), text.length, ret_digest);
}

static bool read_line(const char *line, size_t length, struct state_entry *ret_entry)
{
    const char *space = memchr(line, ' ', length);
    size_t name_length = space == NULL ? 0 : (size_t)(space - line);

    if (!section_name_valid(line, name_length) ||
        !hex_decode(space + 1, length - name_length - 1, ret_entry->digest.bytes, DIGEST_SIZE))
        return false;
    memcpy(ret_entry->name, line, name_length);
    ret_entry->name[name_length] = '\0';
    return true;
}

int state_from_text(const char *text, size_t length, struct state *ret_state, struct error *err)
{
    struct state state = {0};

    for (size_t at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
        struct state_entry *entry = &state.entries[state.count];

        if (state.count >= STATE_SECTIONS_MAX)
            return error_set(err, EBADMSG, "state: more than %u sections", STATE_SECTIONS_MAX);
        if (end == NULL || !read_line(text + at, (size_t)(end - text) - at, entry))
            return error_set(err, EBADMSG, "state: line %zu is not a name and a digest",
                             state.count + 1);
        if (state.count > 0 && strcmp(entry[-1].name, entry->name) >= 0)
            return error_set(err, EBADMSG, "state: line %zu is out of order", state.count + 1);
        state.count++;
        at = (size_t)(end - text) + 1;
    }
    *ret_state = state;
    return 0;
}
