#pragma once

#include <stdbool.h>

#include "platform/mounts.h"

struct sysroot;

/*
 * Whether folders of people may be encrypted one by one (fscrypt, ecryptfs, systemd-homed), on
 * whatever disk they are. That they all are is more than can be told from outside, so a plain
 * disk below is then no answer for them. holder: the mount that holds /home, or NULL.
 */
bool homes_may_be_encrypted(const struct sysroot *root, const struct mounts *mounts,
                            const struct mount *holder);
