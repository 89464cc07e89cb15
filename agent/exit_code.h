#pragma once

/* What the programs of the agent answer to their caller; docs/agent.md explains each. */
enum exit_code {
    EXIT_CODE_GOOD = 0,
    EXIT_CODE_FAILED = 1,         /* it could not be done; nothing was lost */
    EXIT_CODE_ATTENTION = 1,      /* status: something is to be fixed */
    EXIT_CODE_UNKNOWN = 2,        /* status: nothing to fix, but something is not known */
    EXIT_CODE_WAITING = 3,        /* check-in: made, not received yet; it waits */
    EXIT_CODE_USAGE = 64,         /* the command line (as EX_USAGE of sysexits.h) */
    EXIT_CODE_CONFIGURATION = 78, /* the configuration file (as EX_CONFIG) */
};
