#pragma once

#include "snapshot/section.h"

struct sysroot;

extern const char *const thunderbolt_choices[];

/* thunderbolt_security and iommu_dma_protection, of the least protected of all domains. */
void thunderbolt_collect(const struct sysroot *root, struct facts *facts);
