#pragma once

#include "collectors/firewall/nft_evaluation.h"

/* Expressions that load something about the packet into a register. */
nft_function nft_meta, nft_payload, nft_connection, nft_fib, nft_extension_header;
nft_function nft_load_something;
