#pragma once

#include "collectors/firewall/nft_evaluation.h"

/* Expressions that compute with registers and compare them. */
nft_function nft_compare, nft_range, nft_bitwise, nft_byteorder;
