#pragma once

#include <stddef.h>

/*
 * How many bytes to pad a TLS record of this content type and length with (RFC 8446, 5.4), the same
 * on both sides: application data leaves in steps of 512 bytes, so that small differences between
 * snapshots do not show. A handshake is the same for every machine, so padding it would hide
 * nothing and cost 3 kB.
 */
size_t record_padding(int content_type, size_t length);
