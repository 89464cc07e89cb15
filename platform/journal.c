#include "platform/journal.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

void journal_write(enum journal_level level, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    for (char *byte = line; *byte != '\0'; byte++)
        if ((unsigned char)*byte < 0x20 || *byte == 0x7f)
            *byte = '?';

    /* sd-daemon(3): the journal takes the level from "<n>" and the name from the unit. */
    if (to_journal)
        (void)fprintf(stderr, "<%d>%s\n", (int)level, line);
    else
        (void)fprintf(stderr, "%s: %s\n", program_name, line);
}
