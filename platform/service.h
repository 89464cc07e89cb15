#pragma once

#include <stdint.h>

/*
 * What a service tells the manager that started it (sd_notify(3)): that it is ready, that it
 * works, and that it is ending. Nothing happens where no manager asked for it.
 */
void service_ready(void);
void service_working(void);
void service_stopping(void);

/* Within how many seconds service_working() must be called, again and again; 0: never. */
int64_t service_watchdog_seconds(void);
