#include "collectors/disk_encryption/mapping.h"

#include <stddef.h>
#include <string.h>

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

enum encryption_method mapping_method(const char *uuid)
{
    static const struct {
        const char *prefix;
        enum encryption_method method;
    } types[] = {
        {"CRYPT-LUKS1-", METHOD_LUKS1},     {"CRYPT-LUKS2-", METHOD_LUKS2},
        {"CRYPT-PLAIN-", METHOD_PLAIN},     {"CRYPT-BITLK-", METHOD_BITLK},
        {"CRYPT-TCRYPT-", METHOD_TCRYPT},   {"CRYPT-FVAULT2-", METHOD_FVAULT2},
        {"CRYPT-LOOPAES-", METHOD_LOOPAES},
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (starts_with(uuid, types[i].prefix))
            return types[i].method;
    return METHOD_NONE;
}

bool mapping_is_luks(const char *uuid)
{
    enum encryption_method method = mapping_method(uuid);

    return method == METHOD_LUKS1 || method == METHOD_LUKS2;
}

bool mapping_is_reencryption(const char *uuid)
{
    size_t length = strlen(uuid);

    return starts_with(uuid, "CRYPT-SUBDEV-") &&
           (strstr(uuid, "-hotzone-") != NULL ||
            (length > strlen("-overlay") &&
             strcmp(uuid + length - strlen("-overlay"), "-overlay") == 0));
}

bool mapping_is_integrity(const char *uuid)
{
    return starts_with(uuid, "CRYPT-INTEGRITY-") ||
           (starts_with(uuid, "CRYPT-SUBDEV-") && !mapping_is_reencryption(uuid));
}

bool mapping_has_uuid(const char *uuid, const char *header_uuid)
{
    const char *at = uuid + strlen("CRYPT-LUKS1-");

    if (!mapping_is_luks(uuid))
        return false;
    for (; *header_uuid != '\0'; header_uuid++) {
        if (*header_uuid == '-')
            continue;
        if (*at != *header_uuid)
            return false;
        at++;
    }
    return *at == '-' || *at == '\0';
}
