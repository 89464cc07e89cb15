#include "platform/journal.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/utf8.h"

#define LINE_SIZE 2048U

static const char *program_name = "dijkwacht";
static bool to_journal;

/* systemd.exec(5): JOURNAL_STREAM is "device:inode" of the stream it connected us to. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char own[64];
    struct stat status;

    if (stream == NULL || fstat(STDERR_FILENO, &status) < 0)
        return false;
    (void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    for (size_t i = 0; own[i] == stream[i]; i++)
        if (own[i] == '\0')
            return true;
    return false;
}

void journal_open(const char *program)
{
    program_name = program;
    to_journal = stderr_is_journal();
}

/* What strangers sent must not steer the terminal that it is shown on: C0, DEL, C1, no UTF-8. */
static void disarm(char *line)
{
    size_t length = strlen(line);

    for (size_t at = 0; at < length;) {
        size_t size = utf8_sequence(line + at, length - at);
        unsigned char first = (unsigned char)line[at];
        bool c1 = size == 2 && first == 0xc2 && (unsigned char)line[at + 1] < 0xa0;

        if (size == 0)
            size = 1;
        if (first < 0x20 || first == 0x7f || c1 || (size == 1 && first >= 0x80))
            memset(line + at, '?', size);
        at += size;
    }
}

void journal_write(enum journal_level level, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    disarm(line);

    /* sd-daemon(3): the journal takes the level from "<n>" and the name from the unit. */
    if (to_journal)
        (void)fprintf(stderr, "<%d>%s\n", (int)level, line);
    else
        (void)fprintf(stderr, "%s: %s\n", program_name, line);
}
