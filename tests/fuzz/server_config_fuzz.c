#include <stdlib.h>

#include "platform/cleanup.h"
#include "server-api/config.h"
#include "tests/fuzz/input.h"

/* What is accepted is accepted again when it was written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *input = fuzz_text(data, size);
    AUTO(server_config_clear) struct server_config config = {0}, again = {0};
    AUTO(text_clear) struct text text = {0};

    if (server_config_parse(input, &config, NULL) < 0)
        return 0;
    server_config_write(&config, &text);
    if (server_config_parse(text.bytes, &again, NULL) < 0)
        abort();
    return 0;
}
