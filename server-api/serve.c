#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/journal.h"
#include "platform/memory.h"
#include "platform/service.h"
#include "server-api/config.h"
#include "server-api/exit_code.h"
#include "server-api/heartbeat.h"
#include "server-api/http/http_server.h"
#include "server-api/option.h"
#include "server-api/server.h"
#include "server-api/tls_renewal.h"

#define WORKER_THREADS       4U
#define STOP_SECONDS         5U
#define LOOK_MILLISECONDS    60000 /* at most, between two looks at the certificate's end */
#define RETRY_SECONDS        600   /* after a renewal that failed */
#define DESCRIPTORS_AT_LEAST 8192U

static const char help[] = "Usage: dijkwacht-server serve [--data DIR]\n"
                           "\n"
                           "Runs the server in the foreground until SIGTERM or SIGINT.\n";

static const struct route *const routes[] = {enrolment_routes, ingest_routes, fleet_routes, NULL};

/* A server from its start to its end. */
struct running {
    struct server_config config;
    const char **names;
    char *database;
    struct server server;
    struct http_server *http;
    struct tls_renewal tls;
    struct heartbeat heartbeat;
    int64_t watchdog_seconds; /* 0: nobody waits for a sign of life */
    int64_t retry_at;
    int signals;
};

static int start_parts(struct running *running, const char *data_folder, struct error *err)
{
    struct text path = {0};
    AUTO_FREE char *keys = NULL;
    int r;

    text_add_format(&path, "%s/" SERVER_KEY_FOLDER, data_folder);
    keys = text_take(&path);
    text_add_format(&path, "%s/" SERVER_DATABASE_FILE, data_folder);
    running->database = text_take(&path);
    running->server.data_folder = data_folder;
    running->server.url = running->config.url;

    r = keeper_start(keys, &running->server.keeper, err);
    if (r == 0)
        r = workers_start(running->database, WORKER_THREADS, &running->server.workers, err);
    if (r == 0)
        r = ingest_start(running->database, running->server.keeper, &running->server.ingest, err);
    return r;
}

static unsigned thread_count(const struct server_config *config)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (config->threads > 0)
        return (unsigned)config->threads;
    return processors < 1 ? 1 : processors > 8 ? 8 : (unsigned)processors;
}

/* The terminal on this machine reaches the people's listener by an address of the loopback. */
static const char **all_names(const struct text_list *names)
{
    static const char *const loopback[] = {"localhost", "127.0.0.1", "::1"};
    size_t count = 0;
    const char **all =
        must_allocate(names->count + sizeof(loopback) / sizeof(loopback[0]) + 1, sizeof(*all));

    for (; count < names->count; count++)
        all[count] = names->items[count];
    for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
        if (!text_list_contains(names, loopback[i], strlen(loopback[i])))
            all[count++] = loopback[i];
    return all;
}

static int start_http(struct running *running, struct error *err)
{
    const struct http_options options = {
        .agents = running->config.listen,
        .people = running->config.people,
        .routes = routes,
        .context = &running->server,
        .threads = thread_count(&running->config),
    };
    int r = http_server_new(&options, &running->http, err);

    if (r < 0)
        return r;
    running->names = all_names(&running->config.names);
    running->tls = (struct tls_renewal){
        .keeper = running->server.keeper,
        .http = running->http,
        .names = running->names,
    };
    r = tls_renew(&running->tls, clock_now(), err);
    return r < 0 ? r : http_server_start(running->http, err);
}

/* Each connection is a descriptor. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS_AT_LEAST)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_AT_LEAST ? limit.rlim_max : DESCRIPTORS_AT_LEAST;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* From here SIGTERM and SIGINT are read from a descriptor; the threads inherit the mask. */
static int take_signals(struct error *err)
{
    sigset_t set;
    int fd;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? error_set(err, errno, "cannot take signals: %s", strerror(errno)) : fd;
}

/* In this order: what comes in ends first, and the keys last. */
static void stop(struct running *running)
{
    if (running->http != NULL)
        http_server_stop(running->http, STOP_SECONDS);
    workers_stop(running->server.workers);
    ingest_stop(running->server.ingest);
    http_server_free(running->http);
    keeper_stop(running->server.keeper);
    auto_close(&running->signals);
    free(running->names);
    free(running->database);
    server_config_clear(&running->config);
}

/* What is configured, with the port that it really is. */
static void print_url(const char *configured, uint16_t port)
{
    const char *colon = strrchr(configured, ':');

    (void)printf("https://%.*s:%u", (int)(colon - configured), configured, port);
}

static int announce(const struct running *running)
{
    (void)fputs("listening on ", stdout);
    print_url(running->config.listen, http_server_port(running->http, LISTENER_AGENTS));
    (void)fputs(" (agents) and ", stdout);
    print_url(running->config.people, http_server_port(running->http, LISTENER_PEOPLE));
    (void)fputs(" (people)\n", stdout);
    if (fflush(stdout) != 0)
        return -errno;
    service_ready();
    return 0;
}

static void renew_when_due(struct running *running)
{
    int64_t now = clock_now(), boot = clock_since_boot();
    struct error err = {0};

    if (!tls_renewal_due(&running->tls, now) || boot < running->retry_at)
        return;
    running->retry_at = boot + RETRY_SECONDS;
    if (tls_renew(&running->tls, now, &err) < 0)
        journal_write(JOURNAL_ERROR, "the TLS certificate was not renewed: %s", err.message);
}

static void start_heartbeat(struct running *running)
{
    running->watchdog_seconds = service_watchdog_seconds();
    running->heartbeat.server = &running->server;
    running->heartbeat.http = running->http;
    heartbeat_start(&running->heartbeat, clock_since_boot());
}

/* The manager ends and restarts a server that says nothing. */
static void give_sign_of_life(struct running *running)
{
    if (running->watchdog_seconds == 0)
        return;
    if (heartbeat_is_well(&running->heartbeat, clock_since_boot(), running->watchdog_seconds / 2))
        service_working();
    heartbeat_ask(&running->heartbeat);
}

/* Two looks within half the watchdog's time, and at least one in a minute. */
static int look_milliseconds(const struct running *running)
{
    int64_t quarter = running->watchdog_seconds * 1000 / 4;

    return quarter == 0 || quarter > LOOK_MILLISECONDS ? LOOK_MILLISECONDS : (int)quarter;
}

/* Until a signal (0) or until the keys are gone. */
static int watch(struct running *running, struct error *err)
{
    struct pollfd polled[] = {
        {.fd = running->signals, .events = POLLIN},
        {.fd = keeper_watch(running->server.keeper), .events = POLLIN},
    };

    start_heartbeat(running);
    for (;;) {
        int n = poll(polled, 2, look_milliseconds(running));

        if (n < 0 && errno != EINTR)
            return error_set(err, errno, "cannot wait: %s", strerror(errno));
        if (n > 0 && polled[0].revents != 0)
            return 0;
        if (n > 0 && polled[1].revents != 0)
            return error_set(err, EPIPE,
                             "the process with the keys has ended, so the server ends too; start "
                             "it again");
        renew_when_due(running);
        give_sign_of_life(running);
    }
}

static int run(struct running *running, const char *data_folder, struct error *err)
{
    int r;

    raise_descriptor_limit();
    running->signals = take_signals(err);
    r = running->signals < 0 ? running->signals : start_parts(running, data_folder, err);
    if (r == 0)
        r = start_http(running, err);
    if (r == 0 && announce(running) < 0)
        r = error_set(err, EIO, "cannot say that it listens: standard output is closed");
    if (r == 0)
        r = watch(running, err);
    service_stopping();
    return r;
}

int command_serve(const char *data_folder, int argc, char **argv)
{
    struct running running = {.signals = -1};
    bool wants_help = false;
    const struct option_row rows[] = {{.name = "--help", .flag = &wants_help}, {.name = NULL}};
    struct error err = {0};
    int r = option_parse(argc, argv, rows, &err), code = EXIT_CODE_USAGE;

    if (r == 0 && wants_help)
        return fputs(help, stdout) < 0 ? EXIT_CODE_FAILED : EXIT_CODE_GOOD;
    if (r == 0) {
        code = EXIT_CODE_CONFIGURATION;
        r = server_config_load(data_folder, &running.config, &err);
    }
    if (r == 0) {
        code = EXIT_CODE_FAILED;
        r = run(&running, data_folder, &err);
    }
    if (r < 0)
        journal_write(JOURNAL_ERROR, "%s", err.message);
    stop(&running);
    return r < 0 ? code : EXIT_CODE_GOOD;
}
