#include "agent/chain.h"

#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input gets the checksum that it needs, so that what lies behind it is reached. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(text_clear) struct text text = {0}, again = {0};
    AUTO(chain_clear) struct chain chain = {0};
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    digest_of(data, size, &digest);
    digest_to_hex(&digest, hex);
    text_add_format(&text, "%s\n", hex);
    text_add(&text, data, size);
    if (chain_read(text.bytes, text.length, &chain, NULL) < 0)
        return 0;
    chain_write(&chain, &again);
    chain_clear(&chain);
    if (chain_read(again.bytes, again.length, &chain, NULL) < 0)
        abort();
    return 0;
}
