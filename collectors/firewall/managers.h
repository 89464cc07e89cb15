#pragma once

#include "snapshot/section.h"

struct sysroot;

/*
 * Sets the facts ufw_enabled, firewalld_enabled and nftables_enabled: whether the configuration of
 * each manager says that it starts with the machine; not applicable where it is not installed.
 */
void managers_set_facts(const struct sysroot *root, struct facts *facts);
