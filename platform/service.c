#include "platform/service.h"

#include <systemd/sd-daemon.h>

void service_ready(void)
{
    (void)sd_notify(0, "READY=1");
}

void service_working(void)
{
    (void)sd_notify(0, "WATCHDOG=1");
}

int64_t service_watchdog_seconds(void)
{
    uint64_t microseconds = 0;

    if (sd_watchdog_enabled(0, &microseconds) <= 0)
        return 0;
    return microseconds < 2000000 ? 1 : (int64_t)(microseconds / 1000000);
}

void service_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}
