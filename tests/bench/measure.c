/*
 * Runs a command and writes into a file what it used: microseconds of CPU time and KiB at its
 * peak. A program of its own, because ru_maxrss counts what the parent had at the fork, too.
 *   measure FILE COMMAND [ARGUMENT...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    FILE *result = argc < 3 ? NULL : fopen(argv[1], "we");
    struct rusage usage = {0};
    struct timeval cpu;
    int status = 0;
    pid_t child = result == NULL ? -1 : fork();

    if (child == 0) {
        (void)execv(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return 126;
    timeradd(&usage.ru_utime, &usage.ru_stime, &cpu);
    (void)fprintf(result, "%ld %ld\n", cpu.tv_sec * 1000000 + cpu.tv_usec, usage.ru_maxrss);
    (void)fclose(result);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
