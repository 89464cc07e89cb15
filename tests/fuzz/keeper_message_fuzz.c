#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "server-api/keeper/messages.h"
#include "tests/fuzz/input.h"

/* What is accepted is written again as the same bytes. */
static void check_again(const struct text *again, const uint8_t *data, size_t size)
{
    if (again->length != size || memcmp(again->bytes, data, size) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct receipt receipts[KEEPER_RECEIPTS_MAX];
    static struct order_message order;
    AUTO(text_clear) struct text again = {0};
    struct text compact[2] = {{0}, {0}};
    size_t count = 0;

    if (message_read_order(data, size, &order, NULL) == 0) {
        if (message_write_order(&order.order, &again, NULL) < 0)
            abort();
        check_again(&again, data, size);
    } else if (message_read_receipts(data, size, receipts, &count, NULL) == 0) {
        message_write_receipts(receipts, count, &again);
        check_again(&again, data, size);
    } else if (message_read_signed(data, size, compact, 2, NULL) == 0) {
        message_write_signed(compact, 2, &again);
        check_again(&again, data, size);
    } else {
        (void)message_read_failure(data, size, NULL);
    }
    text_clear(&compact[0]);
    text_clear(&compact[1]);
    return 0;
}
