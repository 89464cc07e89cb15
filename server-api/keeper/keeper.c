#include "server-api/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "server-api/keeper/channel.h"
#include "server-api/keeper/messages.h"

#define FILE_MAX_SIZE 8192U
#define OWN_PROGRAM   "/proc/self/exe"

struct keeper {
    pthread_mutex_t mutex; /* one call at a time: an answer belongs to the request before it */
    int channel;
    int process; /* pidfd_open(2) */
    pid_t pid;
    struct certificate *root;
    struct certificate *intermediate;
    uint8_t answer[KEEPER_MESSAGE_MAX];
};

static int read_certificate(const char *folder, const char *name,
                            struct certificate **ret_certificate, struct error *err)
{
    AUTO(text_clear) struct text pem = {0};
    AUTO_CLOSE int directory = directory_open(folder, err);
    int r = directory < 0 ? directory : file_read(directory, name, FILE_MAX_SIZE, &pem, err);

    if (r == 0)
        r = certificate_from_pem(text_string(&pem), pem.length, ret_certificate, err);
    return r;
}

static int spawn(const char *key_folder, int channel, pid_t *ret_pid)
{
    static const char program[] = "dijkwacht-server", verb[] = KEEPER_VERB;
    AUTO_FREE char *folder = must_copy_text(key_folder, strlen(key_folder));
    char own_program[sizeof(program)], own_verb[sizeof(verb)];
    char *arguments[] = {own_program, own_verb, folder, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int r;

    memcpy(own_program, program, sizeof(program));
    memcpy(own_verb, verb, sizeof(verb));
    (void)sigemptyset(&none);
    if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0)
        abort(); /* no memory */
    r = posix_spawn_file_actions_adddup2(&actions, channel, KEEPER_CHANNEL);
    if (r == 0)
        r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (r == 0)
        r = posix_spawnattr_setsigmask(&attributes, &none);
    if (r == 0)
        r = posix_spawn(ret_pid, OWN_PROGRAM, &actions, &attributes, arguments, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static int start_process(struct keeper *keeper, const char *key_folder, struct error *err)
{
    AUTO_CLOSE int theirs = -1;
    int pair[2], r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_set(err, errno, "cannot make a pair of sockets: %s", strerror(errno));
    keeper->channel = pair[0];
    theirs = pair[1];
    r = spawn(key_folder, theirs, &keeper->pid);
    if (r < 0) {
        keeper->pid = 0;
        return error_set(err, -r, "cannot start %s as the keeper: %s", OWN_PROGRAM, strerror(-r));
    }
    keeper->process = (int)syscall(SYS_pidfd_open, keeper->pid, 0);
    if (keeper->process < 0)
        return error_set(err, errno, "cannot watch the keeper: %s", strerror(errno));
    return 0;
}

/* The next message, which must be of this kind; its length, or a failure. */
static ssize_t receive(struct keeper *keeper, enum keeper_message kind, struct error *err)
{
    ssize_t n = channel_receive(keeper->channel, keeper->answer, sizeof(keeper->answer));

    if (n <= 0)
        return error_set(err, EPIPE, "the process with the keys has ended");
    if ((size_t)n > sizeof(keeper->answer))
        return error_set(err, EMSGSIZE, "the keeper's answer is too large");
    if (message_kind(keeper->answer, (size_t)n) == (unsigned)kind)
        return n;
    return message_read_failure(keeper->answer, (size_t)n, err);
}

static int connect_keeper(struct keeper *keeper, const char *key_folder, struct error *err)
{
    int r = read_certificate(key_folder, KEEPER_ROOT_FILE, &keeper->root, err);

    if (r == 0)
        r = read_certificate(key_folder, KEEPER_INTERMEDIATE_FILE, &keeper->intermediate, err);
    if (r < 0)
        return error_wrap(err, r, key_folder);
    r = start_process(keeper, key_folder, err);
    if (r == 0)
        r = (int)receive(keeper, KEEPER_READY, err);
    return r < 0 ? r : 0;
}

int keeper_start(const char *key_folder, struct keeper **ret_keeper, struct error *err)
{
    struct keeper *keeper = must_allocate(1, sizeof(*keeper));
    int r;

    *keeper = (struct keeper){.channel = -1, .process = -1};
    (void)pthread_mutex_init(&keeper->mutex, NULL);
    r = connect_keeper(keeper, key_folder, err);
    if (r < 0) {
        keeper_stop(keeper);
        return r;
    }
    *ret_keeper = keeper;
    return 0;
}

void keeper_stop(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    auto_close(&keeper->channel);
    auto_close(&keeper->process);
    if (keeper->pid > 0)
        while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    certificate_free(keeper->root);
    certificate_free(keeper->intermediate);
    (void)pthread_mutex_destroy(&keeper->mutex);
    free(keeper);
}

int keeper_watch(const struct keeper *keeper)
{
    return keeper->process;
}

const struct certificate *keeper_intermediate(const struct keeper *keeper)
{
    return keeper->intermediate;
}

const struct certificate *keeper_root(const struct keeper *keeper)
{
    return keeper->root;
}

/* Sends a request and waits for its answer; the mutex is held. */
static ssize_t call(struct keeper *keeper, const struct text *request, enum keeper_message kind,
                    struct error *err)
{
    int r = channel_send(keeper->channel, request);

    if (r < 0)
        return error_set(err, -r, "cannot reach the process with the keys: %s", strerror(-r));
    return receive(keeper, kind, err);
}

int keeper_issue(struct keeper *keeper, const struct certificate_order *order,
                 struct certificate **ret_certificate, struct error *err)
{
    AUTO(text_clear) struct text request = {0};
    ssize_t n = message_write_order(order, &request, err);

    if (n < 0)
        return (int)n;
    (void)pthread_mutex_lock(&keeper->mutex);
    n = call(keeper, &request, KEEPER_CERTIFICATE, err);
    if (n > 0)
        n = message_read_certificate(keeper->answer, (size_t)n, ret_certificate, err);
    (void)pthread_mutex_unlock(&keeper->mutex);
    return (int)n;
}

static int sign_some(struct keeper *keeper, const struct receipt *receipts,
                     struct text *ret_compact, size_t count, struct error *err)
{
    AUTO(text_clear) struct text request = {0};
    ssize_t n;

    message_write_receipts(receipts, count, &request);
    (void)pthread_mutex_lock(&keeper->mutex);
    n = call(keeper, &request, KEEPER_SIGNED, err);
    if (n > 0)
        n = message_read_signed(keeper->answer, (size_t)n, ret_compact, count, err);
    (void)pthread_mutex_unlock(&keeper->mutex);
    return (int)n;
}

int keeper_sign_receipts(struct keeper *keeper, const struct receipt *receipts,
                         struct text *ret_compact, size_t count, struct error *err)
{
    int r = 0;

    for (size_t done = 0; r == 0 && done < count; done += KEEPER_RECEIPTS_MAX) {
        size_t part = count - done < KEEPER_RECEIPTS_MAX ? count - done : KEEPER_RECEIPTS_MAX;

        r = sign_some(keeper, receipts + done, ret_compact + done, part, err);
    }
    return r;
}
