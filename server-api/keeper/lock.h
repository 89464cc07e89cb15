#pragma once

#include "platform/error.h"

/*
 * Leaves this process what it needs to compute and to talk over descriptors that are open already:
 * no files, no sockets, no programs, no new privileges, no debugger, no core dump. The kernel kills
 * it at the first other system call (seccomp(2)). Cannot be undone.
 */
int process_lock(struct error *err);
