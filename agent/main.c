#include <stdio.h>
#include <sys/stat.h>

#include "agent/command.h"
#include "agent/exit_code.h"
#include "platform/journal.h"
#include "platform/memory.h"
#include "snapshot/crypto_start.h"

const struct command all_commands[] = {
    {"enrol", "join an organisation with the code that it gave you",
     "  --code-file FILE  read the join code from a file; else it is asked for, or read from\n"
     "                    standard input. It is never taken from the command line\n"
     "  --again           replace the enrolment that this machine has\n",
     "--code-file --again ", command_enrol},
    {"collect", "look at this machine and put a signed snapshot into the outbox",
     "  --receipts        instead: verify the receipts that came and clear the outbox\n"
     "  --if-due          only when the server's minimum interval has passed\n"
     "  --when-settled    wait until no package manager is at work, half an hour at most\n",
     "--receipts --if-due --when-settled ", command_collect},
    {"check-in", "collect, send what waits, take in the receipts",
     "  --if-due          collect only when the server's minimum interval has passed\n",
     "--if-due ", command_check_in},
    {"status", "how this machine is doing and what to do first",
     "  --all             every check, also the good ones\n"
     "  --json            everything, for programs\n"
     "  --html            as a page for a browser, which needs no network\n",
     "--all --json --html ", command_status},
    {"show", "what left this machine, or would leave it",
     "  --last            the last snapshot that was made for sending (this is the default)\n"
     "  --next            look now and show what would be sent; needs no enrolment\n"
     "  --json            the payload as it is signed\n"
     "  --raw             the signed bytes themselves (only with --last)\n",
     "--last --next --json --raw ", command_show},
    {"collectors", "what is looked at, and why",
     "  --facts           every fact with its purpose\n", "--facts ", command_collectors},
    {NULL, NULL, NULL, NULL, NULL},
};

static const char global_options[] =
    "Options of every command:\n"
    "  --state DIR       keep everything below DIR, as one user, instead of the system's folders\n"
    "  --root DIR        examine a mounted system or a copy of one instead of the running system\n"
    "  --config FILE     the configuration file, instead of /etc/dijkwacht/dijkwacht.conf\n"
    "  --help, --version\n"
    "\n"
    "Exit codes: 0 done, or all good; 1 it could not be done, or something is to be fixed;\n"
    "2 something is not known (status); 3 made, but not received yet (check-in); 64 command line;\n"
    "78 configuration. More: man dijkwacht\n";

static void print_help(void)
{
    (void)fputs("Usage: dijkwacht COMMAND [OPTIONS]\n\n", stdout);
    for (const struct command *command = all_commands; command->name != NULL; command++)
        (void)printf("  %-12s%s\n", command->name, command->summary);
    (void)fputs("  help        this text; \"dijkwacht COMMAND --help\" explains one command\n\n",
                stdout);
    (void)fputs(global_options, stdout);
}

static void print_command_help(const struct command *command)
{
    (void)printf("Usage: dijkwacht %s [OPTIONS]\n\n%s: %s\n\n%s%s%s", command->name, command->name,
                 command->summary, command->options, command->options[0] == '\0' ? "" : "\n",
                 global_options);
}

int main(int argc, char **argv)
{
    const struct command *command = NULL;
    struct arguments arguments;

    (void)umask(022); /* what is public stays readable, whoever runs us */
    journal_open("dijkwacht");
    memory_give_back();
    crypto_start();
    if (!arguments_read(argc, argv, &arguments, &command))
        return EXIT_CODE_USAGE;
    if (arguments.version) {
        (void)puts("dijkwacht " DIJKWACHT_VERSION);
        return EXIT_CODE_GOOD;
    }
    if (command == NULL) {
        if (arguments.help)
            print_help();
        else
            journal_write(JOURNAL_ERROR, "say what to do: see dijkwacht --help");
        return arguments.help ? EXIT_CODE_GOOD : EXIT_CODE_USAGE;
    }
    if (arguments.help) {
        print_command_help(command);
        return EXIT_CODE_GOOD;
    }
    return command->run(&arguments);
}
