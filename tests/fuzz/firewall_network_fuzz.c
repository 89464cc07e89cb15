#include <stddef.h>
#include <stdint.h>

#include "collectors/firewall/network.h"
#include "platform/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same bytes as a dump of links and one of addresses. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(network_clear) struct network network;

    if (network_parse(data, size, data, size, &network, NULL) == 0)
        for (size_t i = 0; i < network.interface_count; i++)
            (void)network_receives(&network, &network.interfaces[i]);
    return 0;
}
