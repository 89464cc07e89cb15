#include "collectors/disk_encryption/kernel_ciphers.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/number.h"
#include "platform/sysroot.h"

#define CIPHERS_MAX_SIZE     (1024U * 1024U)
#define REFERENCES_MAX       0xffffffffU
#define REFERENCES_WHEN_IDLE 1U

/* One algorithm while its lines are read. */
struct cipher {
    bool has_name, is_null, has_references;
    uint64_t references;
};

/* "name         : ecb(cipher_null)" */
static bool parse_line(const char *line, size_t length, struct cipher *cipher)
{
    const char *colon = memchr(line, ':', length);
    const char *value;
    size_t key_length, value_length;

    if (colon == NULL)
        return false;
    key_length = (size_t)(colon - line);
    while (key_length > 0 && line[key_length - 1] == ' ')
        key_length--;
    value = colon + 1;
    value_length = length - (size_t)(value - line);
    while (value_length > 0 && *value == ' ') {
        value++;
        value_length--;
    }

    if (key_length == strlen("name") && strncmp(line, "name", key_length) == 0)
        cipher->has_name = true;
    if (memmem(value, value_length, "cipher_null", strlen("cipher_null")) != NULL)
        cipher->is_null = true;
    if (key_length == strlen("refcnt") && strncmp(line, "refcnt", key_length) == 0)
        cipher->has_references =
            number_parse(value, value_length, REFERENCES_MAX, &cipher->references);
    return true;
}

int kernel_ciphers_parse(const char *text, bool *ret_uses_null, struct error *err)
{
    struct cipher cipher = {0};
    bool uses_null = false, open = false;
    size_t line_number = 0, ciphers = 0;

    while (*text != '\0' || open) {
        size_t length = strcspn(text, "\n");

        line_number++;
        if (length > 0) {
            if (!parse_line(text, length, &cipher))
                return error_set(err, EBADMSG, "line %zu is not \"name : value\"", line_number);
            open = true;
        } else if (open) {
            if (!cipher.has_name || !cipher.has_references)
                return error_set(err, EBADMSG,
                                 "line %zu ends an algorithm without its name or "
                                 "references",
                                 line_number);
            uses_null = uses_null || (cipher.is_null && cipher.references > REFERENCES_WHEN_IDLE);
            ciphers++;
            open = false;
            cipher = (struct cipher){0};
        }
        text += length;
        text += *text == '\n';
    }
    if (ciphers == 0)
        return error_set(err, EBADMSG, "the list of algorithms is empty");
    *ret_uses_null = uses_null;
    return 0;
}

int kernel_uses_null_cipher(const struct sysroot *root, bool *ret_uses, struct error *err)
{
    AUTO_FREE char *text = NULL;
    int r = sysroot_read_text(root, "/proc/crypto", CIPHERS_MAX_SIZE, &text, err);

    if (r < 0)
        return r;
    return error_wrap(err, kernel_ciphers_parse(text, ret_uses, err), "/proc/crypto");
}
