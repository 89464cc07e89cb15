#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "platform/text.h"

/* One datagram at a time over a connected pair of sockets (unix(7), SOCK_SEQPACKET). */

/* Where the keeper finds its end. */
#define KEEPER_CHANNEL 3

/* The whole message, or a negative errno value. */
int channel_send(int channel, const struct text *message);
/* Answers its length, which is larger than size when it did not fit; 0 when the other end is
 * closed; a negative errno value otherwise. */
ssize_t channel_receive(int channel, void *ret_bytes, size_t size);
