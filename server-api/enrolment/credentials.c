#include "server-api/enrolment/credentials.h"

#include <string.h>
#include <strings.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"

#define SCHEME "Basic "

bool credentials_read(const char *header, char ret_token_id[TOKEN_ID_SIZE],
                      struct digest *ret_secret)
{
    AUTO(text_clear) struct text pair = {0};
    const char *colon;
    size_t id_length;

    if (header == NULL || strncasecmp(header, SCHEME, strlen(SCHEME)) != 0)
        return false;
    header += strlen(SCHEME);
    if (!base64_decode(header, strlen(header), &pair))
        return false;
    colon = pair.length == 0 ? NULL : memchr(pair.bytes, ':', pair.length);
    if (colon == NULL || memchr(pair.bytes, '\0', pair.length) != NULL)
        return false;
    id_length = (size_t)(colon - pair.bytes);
    if (id_length != TOKEN_ID_SIZE - 1)
        return false;
    memcpy(ret_token_id, pair.bytes, id_length);
    ret_token_id[id_length] = '\0';
    digest_of(colon + 1, pair.length - id_length - 1, ret_secret);
    return true;
}
