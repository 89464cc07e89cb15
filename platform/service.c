#include "platform/service.h"

#include <systemd/sd-daemon.h>

void service_ready(void)
{
    (void)sd_notify(0, "READY=1");
}

void service_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}
