#pragma once

#include <stdbool.h>

#include "platform/error.h"

struct sysroot;

/*
 * Whether a PCI device has a class that starts like this, as "0x0c03" for USB controllers: there
 * even while no driver serves it. Fails with -ENOENT where there is no PCI.
 */
int pci_has_class(const struct sysroot *root, const char *class_start, bool *ret_has,
                  struct error *err);
