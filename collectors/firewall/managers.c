#include "collectors/firewall/managers.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"

#define UFW_CONFIGURATION "/etc/ufw/ufw.conf"
#define UFW_MAX_SIZE      (64U * 1024U)

/* A service is enabled where one of these links to its unit exists. */
#define WANTS_MAX 2U
struct manager {
    const char *fact;
    const char *programs[WANTS_MAX];
    const char *wants[WANTS_MAX];
};

static const struct manager services[] = {
    {"firewalld_enabled",
     {"/usr/sbin/firewalld", "/usr/bin/firewalld"},
     {"/etc/systemd/system/multi-user.target.wants/firewalld.service",
      "/etc/systemd/system/basic.target.wants/firewalld.service"}},
    {"nftables_enabled",
     {"/usr/lib/systemd/system/nftables.service", "/lib/systemd/system/nftables.service"},
     {"/etc/systemd/system/sysinit.target.wants/nftables.service",
      "/etc/systemd/system/multi-user.target.wants/nftables.service"}},
};

/* Whether there is something under one of the paths, also a link whose target is missing. */
static int any_exists(const struct sysroot *root, const char *const paths[WANTS_MAX],
                      bool *ret_exists)
{
    *ret_exists = false;
    for (size_t i = 0; i < WANTS_MAX; i++) {
        AUTO_FREE char *target = NULL;
        int r = sysroot_read_link(root, paths[i], &target, NULL);

        if (r == 0 || r == -EINVAL)
            *ret_exists = true;
        else if (r != -ENOENT && r != -ENOTDIR)
            return r;
    }
    return 0;
}

static void set_service(const struct sysroot *root, const struct manager *manager,
                        struct facts *facts)
{
    bool installed, enabled = false;
    int r = any_exists(root, manager->programs, &installed);

    if (r == 0 && installed)
        r = any_exists(root, manager->wants, &enabled);
    if (r < 0)
        facts_set_unknown(facts, manager->fact, unknown_reason_from_code(r));
    else if (!installed)
        facts_set_unknown(facts, manager->fact, UNKNOWN_NOT_APPLICABLE);
    else
        facts_set_bool(facts, manager->fact, enabled);
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && strncasecmp(text, word, length) == 0;
}

/* The value of the last ENABLED= line, which ufw itself reads so; -EBADMSG when it is neither. */
static int parse_ufw(const char *text, bool *ret_enabled)
{
    static const char key[] = "ENABLED=";
    int r = -EBADMSG;

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        size_t length;

        line += *line == '\n';
        if (strncmp(line, key, sizeof(key) - 1) != 0)
            continue;
        line += sizeof(key) - 1;
        line += *line == '"' || *line == '\'';
        length = strcspn(line, "\"' \t\r\n#");
        r = is_word(line, length, "yes") || is_word(line, length, "no") ? 0 : -EBADMSG;
        *ret_enabled = is_word(line, length, "yes");
    }
    return r;
}

/* The configuration outlives the removed package, so it counts only beside the program. */
static void set_ufw(const struct sysroot *root, struct facts *facts)
{
    static const char *const programs[WANTS_MAX] = {"/usr/sbin/ufw", "/usr/bin/ufw"};
    AUTO_FREE char *text = NULL;
    bool enabled = false, installed = false;
    int r = any_exists(root, programs, &installed);

    if (r == 0 && !installed) {
        facts_set_unknown(facts, "ufw_enabled", UNKNOWN_NOT_APPLICABLE);
        return;
    }
    if (r == 0)
        r = sysroot_read_text(root, UFW_CONFIGURATION, UFW_MAX_SIZE, &text, NULL);
    if (r == 0)
        r = parse_ufw(text, &enabled);
    if (r < 0)
        facts_set_unknown(facts, "ufw_enabled", unknown_reason_from_code(r));
    else
        facts_set_bool(facts, "ufw_enabled", enabled);
}

void managers_set_facts(const struct sysroot *root, struct facts *facts)
{
    set_ufw(root, facts);
    for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++)
        set_service(root, &services[i], facts);
}
