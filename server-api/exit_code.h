#pragma once

/* What the server's programs answer to their caller; dijkwacht-server(8) lists them. */
enum exit_code {
    EXIT_CODE_GOOD = 0,
    EXIT_CODE_FAILED = 1,         /* it could not be done */
    EXIT_CODE_USAGE = 64,         /* the command line (as EX_USAGE of sysexits.h) */
    EXIT_CODE_CONFIGURATION = 78, /* the configuration file (as EX_CONFIG) */
};
