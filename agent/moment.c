#include "agent/moment.h"

#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/digest.h"
#include "platform/sysroot.h"
#include "platform/text.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

static void describe_boot(char ret_boot[BOOT_ID_SIZE])
{
    AUTO(sysroot_close) struct sysroot root = {.fd = -1};
    AUTO_FREE char *line = NULL;
    AUTO(text_clear) struct text text = {0};
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    if (sysroot_open("/", &root, NULL) < 0 ||
        sysroot_read_line(&root, BOOT_ID_FILE, &line, NULL) < 0)
        return;
    text_add_format(&text, "dijkwacht boot 1\n%s", line);
    digest_of(text.bytes, text.length, &digest);
    digest_to_hex(&digest, hex);
    (void)snprintf(ret_boot, BOOT_ID_SIZE, "%.32s", hex);
}

/* adjtimex(2) without a change to make needs no privilege. */
static enum clock_state clock_state(void)
{
    struct timex times = {0};
    int r = adjtimex(&times);

    if (r < 0)
        return CLOCK_UNKNOWN;
    return r == TIME_ERROR || (times.status & STA_UNSYNC) != 0 ? CLOCK_UNSYNCED : CLOCK_SYNCED;
}

void moment_describe(struct snapshot_head *head)
{
    (void)snprintf(head->agent, sizeof(head->agent), "%s", DIJKWACHT_VERSION);
    describe_boot(head->boot);
    head->wall_time = clock_now();
    head->boot_time_seconds = clock_since_boot();
    head->clock = clock_state();
}
