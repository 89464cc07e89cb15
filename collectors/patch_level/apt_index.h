#pragma once

#include <stdint.h>

#include "platform/error.h"

struct packages;
struct stream;

#define INDEX_MAX_SIZE (256U * 1024U * 1024U)

/*
 * Reads a Packages index of a security source to its end and marks every package it has a newer
 * version for. -EBADMSG when a stanza is damaged, or when the index does not have the size that
 * its signed Release file says. What was marked before a failure stays marked.
 */
int apt_index_mark_security(struct stream *stream, uint64_t size, struct packages *packages,
                            struct error *err);
