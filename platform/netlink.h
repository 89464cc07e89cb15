#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"

struct text;

/*
 * Questions to the kernel through netlink(7), in two halves: asking, which only moves bytes, and
 * walking what came back, which trusts none of it. Walking never reads outside the bytes given,
 * moves forward with every step, and allocates nothing.
 */

struct netlink_message {
    uint16_t type;
    uint16_t flags;
    const uint8_t *payload;
    size_t length;
};

/* bytes is NULL for an attribute that is not there. */
struct netlink_attribute {
    uint16_t type; /* without the bits for nesting and byte order */
    const uint8_t *bytes;
    size_t length;
};

/* A position in a run of messages or attributes. */
struct netlink_walk {
    const uint8_t *at;
    size_t left;
    bool broken; /* it ended at something that is no message or attribute */
};

struct netlink_walk netlink_walk(const void *bytes, size_t length);
/* The attributes inside one; nothing to walk when it is not there. */
struct netlink_walk netlink_walk_into(const struct netlink_attribute *attribute);

/* False at the end, and at the first one that claims to be longer than what is left. */
bool netlink_next_message(struct netlink_walk *walk, struct netlink_message *ret_message);
bool netlink_next_attribute(struct netlink_walk *walk, struct netlink_attribute *ret_attribute);

/*
 * Sorts a run of attributes by type into a table of count entries. Types beyond it are passed over;
 * of several with the same type the last counts, as in the kernel. False when the run is broken.
 */
bool netlink_attributes(const void *bytes, size_t length, struct netlink_attribute *ret_table,
                        size_t count);

/* Numbers: false when the attribute is not there or has another size. */
bool netlink_u8(const struct netlink_attribute *attribute, uint8_t *ret_number);
bool netlink_u32(const struct netlink_attribute *attribute, uint32_t *ret_number);
bool netlink_big_endian_u32(const struct netlink_attribute *attribute, uint32_t *ret_number);

/* The attribute as a string, or NULL when it is not there or does not end with a NUL. */
const char *netlink_text(const struct netlink_attribute *attribute);

/* Adds one attribute to a request, padded. */
void netlink_add_attribute(struct text *request, uint16_t type, const void *bytes, size_t length);

/*
 * A socket of that netlink protocol, which the caller closes. Its answers time out after 2 seconds.
 * -EPROTONOSUPPORT when the kernel has no such protocol, -EAFNOSUPPORT when a sandbox forbids it.
 */
int netlink_open(int protocol, struct error *err);

/* What is asked: a message of that type with the payload behind its header. */
struct netlink_request {
    uint16_t type;
    const void *payload;
    size_t length;
};

/*
 * Asks for a dump and adds its messages to out, each as the kernel sent it, without the one that
 * ends the dump. What a failed dump had added is taken away again. Besides the kernel's own answer
 * (-EPERM, -ENOENT, ...) fails with -EAGAIN when the dump was not of one moment: ask again, -EFBIG
 * when it is longer than max_size, -ETIMEDOUT. After a failure the socket is of no more use.
 */
int netlink_dump(int fd, const struct netlink_request *request, size_t max_size, struct text *out,
                 struct error *err);

/* Asks for one message and adds it to out. Fails as netlink_dump does. */
int netlink_get(int fd, const struct netlink_request *request, struct text *out, struct error *err);
