#include "server-api/keeper/channel.h"

#include <errno.h>
#include <sys/socket.h>

int channel_send(int channel, const struct text *message)
{
    ssize_t n;

    do
        n = send(channel, message->bytes, message->length, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

ssize_t channel_receive(int channel, void *ret_bytes, size_t size)
{
    ssize_t n;

    do
        n = recv(channel, ret_bytes, size, MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}
