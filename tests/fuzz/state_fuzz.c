#include "snapshot/state.h"

#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A state has one spelling. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(text_clear) struct text again = {0};
    struct state state;

    if (state_from_text((const char *)data, size, &state, NULL) < 0)
        return 0;
    state_to_text(&state, &again);
    if (again.length != size || (size > 0 && memcmp(again.bytes, data, size) != 0))
        abort();
    return 0;
}
