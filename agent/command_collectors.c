#include <stdio.h>

#include "agent/command.h"
#include "agent/exit_code.h"
#include "agent/screen.h"
#include "collectors/registry.h"
#include "platform/cleanup.h"
#include "platform/text.h"

#define FACT_INDENT 6U

static void write_facts(const struct screen *screen, const struct fact *table, unsigned depth,
                        struct text *out)
{
    for (; table->name != NULL; table++) {
        text_add_format(out, "%*s%s", (int)(2 + 2 * depth), "", table->name);
        if (table->unit != NULL)
            text_add_format(out, " (%s)", table->unit);
        if (table->privacy == PRIVACY_IDENTIFYING)
            text_add_string(out, " (may point at this machine)");
        text_add_string(out, "\n");
        screen_add_wrapped(screen, STYLE_DIM, table->purpose, FACT_INDENT + 2 * depth, out);
        if (table->type == FACT_ITEMS && depth == 0)
            write_facts(screen, table->items, 1, out);
    }
}

int command_collectors(const struct arguments *arguments)
{
    AUTO(text_clear) struct text out = {0};
    struct screen screen;

    screen_open(&screen);
    for (size_t i = 0; all_collectors[i] != NULL; i++) {
        const struct collector *collector = all_collectors[i];

        if (arguments->facts && i > 0)
            text_add_string(&out, "\n");
        screen_add(&screen, STYLE_BOLD, collector->name, &out);
        text_add_format(&out, "%*s%s\n", (int)(18 - screen_columns(collector->name)), "",
                        collector->summary);
        if (arguments->facts)
            write_facts(&screen, collector->facts, 0, &out);
    }
    (void)fputs(text_string(&out), stdout);
    return EXIT_CODE_GOOD;
}
