#pragma once

#include "collectors/firewall/nft_evaluation.h"

/* Extensions of iptables inside rules of nf_tables ("match" and "target"). */
nft_function nft_xtables_match, nft_xtables_target;
