#include "baseline/verdict.h"

const char *unknown_reason_text(enum unknown_reason reason)
{
    switch (reason) {
    case UNKNOWN_NOT_APPLICABLE:
        return "This does not exist on this machine";
    case UNKNOWN_NOT_PERMITTED:
        return "This needs privileges that the agent did not have";
    case UNKNOWN_NOT_PRESENT:
        return "This machine has nothing that tells";
    case UNKNOWN_UNSUPPORTED:
        return "The agent does not understand this kind of system yet";
    case UNKNOWN_PARSE_ERROR:
        return "What the machine says about this cannot be read";
    case UNKNOWN_TIMEOUT:
        return "The answer took too long";
    case UNKNOWN_LIMIT_EXCEEDED:
        return "There is more to read than the agent reads";
    case UNKNOWN_STALE:
        return "Too old: it was seen too long ago to tell";
    case UNKNOWN_IN_PROGRESS:
        return "It was changing while the agent looked";
    case UNKNOWN_CONFLICTING:
        return "Two sources say different things";
    case UNKNOWN_NOT_RUNNING:
        return "The service that would tell does not run";
    case UNKNOWN_SANDBOXED:
        return "The agent runs in a container and cannot see the whole machine";
    case UNKNOWN_DISABLED_BY_POLICY:
        return "Someone decided that the agent does not look at this";
    }
    return "The reason is not known";
}
