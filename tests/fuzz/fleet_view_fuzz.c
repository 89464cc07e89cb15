#include <locale.h>
#include <stdint.h>
#include <stdlib.h>

#include "platform/cleanup.h"
#include "platform/utf8.h"
#include "server-api/terminal/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(fleet_view_clear) struct fleet_view fleet = {0};
    struct screen screen = {.width = SCREEN_MIN_WIDTH, .utf8 = true};

    (void)setlocale(LC_CTYPE, "C.UTF-8");
    if (fleet_view_read((const char *)data, size, &fleet, NULL) < 0)
        return 0;
    screen.now = fleet.generated_at;
    table_write(&screen, &fleet, true);
    advice_write(&screen, &fleet);
    if (!utf8_valid(screen.out.bytes, screen.out.length))
        abort();
    text_clear(&screen.out);
    return 0;
}
