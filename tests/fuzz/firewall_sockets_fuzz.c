#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/firewall/exposed_sockets.h"
#include "platform/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A dump of sock_diag, on a machine without interfaces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(listeners_clear) struct listeners listeners = {0};
    AUTO(exposed_sockets_clear) struct exposed_sockets sockets = {0};
    const struct network network = {0};

    if (listeners_parse(data, size, IPPROTO_TCP, &listeners, NULL) == 0)
        (void)exposed_sockets_find(&listeners, &network, NULL, 32768, &sockets, NULL);
    return 0;
}
