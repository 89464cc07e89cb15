#include "agent/step.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/privileges.h"
#include "platform/cleanup.h"
#include "platform/journal.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define OUTPUT_MAX_SIZE 65536U
#define CHILD_FAILED    1
#define NOT_EXECUTED    127

int step_become(const struct layout *layout, const char *user, struct error *err)
{
    if (layout_user(layout, user) == NULL)
        return 0;
    return privileges_become(user, strcmp(user, COLLECT_USER) == 0, err);
}

static void become_or_exit(const struct layout *layout, const char *user, bool privileged)
{
    struct error err = {0};

    if (step_become(layout, user, &err) == 0 && (privileged || privileges_drop(&err) == 0))
        return;
    journal_write(JOURNAL_ERROR, "%s", err.message);
    _exit(CHILD_FAILED);
}

static int wait_for(pid_t child, struct error *err)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return error_set(err, errno, "cannot wait for a step: %s", strerror(errno));
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    return error_set(err, EIO, "a step was ended by signal %d", WTERMSIG(status));
}

int step_run(const struct layout *layout, const struct step *step, void *context, struct error *err)
{
    pid_t child;

    (void)fflush(NULL); /* what waits in our buffers must not be written twice */
    child = fork();
    if (child < 0)
        return error_set(err, errno, "cannot start a step: %s", strerror(errno));
    if (child == 0) {
        become_or_exit(layout, step->user, step->privileged);
        exit(step->run(context));
    }
    return wait_for(child, err);
}

static void add_option(struct text_list *arguments, const char *name, const char *value)
{
    if (value == NULL)
        return;
    text_list_add(arguments, name, strlen(name));
    text_list_add(arguments, value, strlen(value));
}

/*
 * What talks to the network may write its errors to root's terminal, but has no part in it: one
 * that somebody took over could type there (ioctl(2), TIOCSTI). Ctrl-C then reaches only us, so
 * the end of this process is made its end, too.
 */
static void leave_terminal(void)
{
    (void)setsid();
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* Both directions go through one socket; the uploader sees it as standard input and output. */
static void execute(const struct layout *layout, const char *verb, int channel)
{
    struct text_list list = {0};
    char *arguments[8] = {NULL};

    arguments[0] = layout_uploader(layout);
    add_option(&list, "--state", layout->state);
    add_option(&list, "--config", layout->config);
    if (verb != NULL)
        text_list_add(&list, verb, strlen(verb));
    for (size_t i = 0; i < list.count; i++)
        arguments[1 + i] = list.items[i];

    become_or_exit(layout, UPLOAD_USER, false);
    leave_terminal();
    if (channel >= 0 && (dup2(channel, STDIN_FILENO) < 0 || dup2(channel, STDOUT_FILENO) < 0))
        _exit(NOT_EXECUTED);
    (void)execv(arguments[0], arguments);
    journal_write(JOURNAL_ERROR, "cannot run %s: %s", arguments[0], strerror(errno));
    _exit(NOT_EXECUTED);
}

static int send_all(int channel, const struct text *input, struct error *err)
{
    for (size_t sent = 0; sent < input->length;) {
        ssize_t n = send(channel, input->bytes + sent, input->length - sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, errno, "cannot talk to the uploader: %s", strerror(errno));
        sent += (size_t)n;
    }
    (void)shutdown(channel, SHUT_WR);
    return 0;
}

static int receive_all(int channel, struct text *output, struct error *err)
{
    char buffer[4096];

    for (;;) {
        ssize_t n = recv(channel, buffer, sizeof(buffer), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, errno, "cannot hear the uploader: %s", strerror(errno));
        if (n == 0)
            return 0;
        if (output->length + (size_t)n > OUTPUT_MAX_SIZE)
            return error_set(err, EFBIG, "the uploader says too much");
        text_add(output, buffer, (size_t)n);
    }
}

int step_execute_uploader(const struct layout *layout, const char *verb, const struct text *input,
                          struct text *output, struct error *err)
{
    AUTO_CLOSE int ours = -1;
    int pair[2] = {-1, -1}, r = 0, code;
    pid_t child;

    if (input != NULL && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return error_set(err, errno, "cannot start the uploader: %s", strerror(errno));
    ours = pair[0];
    (void)fflush(NULL);
    child = fork();
    if (child == 0)
        execute(layout, verb, pair[1]);
    if (pair[1] >= 0)
        (void)close(pair[1]);
    if (child < 0)
        return error_set(err, errno, "cannot start the uploader: %s", strerror(errno));
    if (input != NULL) {
        r = send_all(ours, input, err);
        if (r == 0)
            r = receive_all(ours, output, err);
        (void)shutdown(ours, SHUT_RDWR); /* whatever it still says is not heard */
    }
    code = wait_for(child, err);
    return r < 0 ? r : code;
}
