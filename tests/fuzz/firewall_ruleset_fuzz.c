#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "collectors/firewall/nft_evaluate.h"
#include "platform/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A dump of nf_tables, followed with one packet of each family. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t families[] = {2, 10}; /* NFPROTO_IPV4, NFPROTO_IPV6 */
    AUTO(nft_ruleset_clear) struct nft_ruleset ruleset;
    struct nft_work work = {.steps_left = 20000};

    if (nft_ruleset_parse(data, size, &ruleset, NULL) < 0)
        return 0;
    (void)nft_ruleset_redirects(&ruleset);
    for (size_t i = 0; i < sizeof(families); i++) {
        struct nft_probe probe = {
            .family = families[i],
            .protocol = i == 0 ? IPPROTO_TCP : IPPROTO_UDP,
            .port = 22,
            .source = {192, 0, 2, 9},
            .destination = {192, 0, 2, 10},
            .interface_name = "eth0",
            .interface_index = 2,
        };
        struct nft_answer answer;

        (void)nft_evaluate(&ruleset, &probe, &work, &answer, NULL);
    }
    text_list_clear(&work.unhandled);
    return 0;
}
