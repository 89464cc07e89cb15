#pragma once

/*
 * What a service tells the manager that started it (sd_notify(3)): that it is ready, and that it is
 * ending. Nothing happens where no manager asked for it.
 */
void service_ready(void);
void service_stopping(void);
