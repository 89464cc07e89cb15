#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "snapshot/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is within its bounds, and written again it is read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(text_clear) struct text again = {0};
    struct receipt receipt, second;

    if (receipt_read_payload((const char *)data, size, &receipt, NULL) < 0)
        return 0;
    if (receipt.minimum_interval_seconds < RECEIPT_MINIMUM_INTERVAL ||
        receipt.minimum_interval_seconds > RECEIPT_MAXIMUM_INTERVAL ||
        (receipt.reason != REFUSAL_NONE) != (receipt.result == RECEIPT_REFUSED))
        abort();
    receipt_write_payload(&receipt, &again);
    if (receipt_read_payload(again.bytes, again.length, &second, NULL) < 0 ||
        second.verdict_count != receipt.verdict_count || second.result != receipt.result)
        abort();
    return 0;
}
