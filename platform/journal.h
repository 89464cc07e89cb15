#pragma once

#include "platform/attributes.h"

/* How much a line matters, as in syslog(3). */
enum journal_level { JOURNAL_ERROR = 3, JOURNAL_WARNING = 4, JOURNAL_NOTICE = 5, JOURNAL_INFO = 6 };

/*
 * One line for whoever looks after the machine, on standard error: with its level for the journal
 * when that is what standard error is connected to (JOURNAL_STREAM), else with the program's name.
 * Only programs log; libraries return errors. Control characters are written as '?'. At most 2 KiB.
 */
void journal_open(const char *program);
void journal_write(enum journal_level level, const char *format, ...) PRINTF_LIKE(2, 3);
