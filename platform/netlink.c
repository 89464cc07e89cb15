#include "platform/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"

#define ANSWER_SECONDS 2
#define DATAGRAM_SIZE  65536U /* more than the kernel puts into one (NLMSG_GOODSIZE, 32 KiB) */
#define MESSAGE_MAX    DATAGRAM_SIZE

struct netlink_walk netlink_walk(const void *bytes, size_t length)
{
    return (struct netlink_walk){.at = bytes, .left = bytes == NULL ? 0 : length};
}

struct netlink_walk netlink_walk_into(const struct netlink_attribute *attribute)
{
    return netlink_walk(attribute->bytes, attribute->length);
}

static size_t padded(size_t length)
{
    return (length + 3U) & ~(size_t)3U;
}

/* Moves behind something of that length; the last one may come without its padding. */
static void advance(struct netlink_walk *walk, size_t length)
{
    size_t step = padded(length) < walk->left ? padded(length) : walk->left;

    walk->at += step;
    walk->left -= step;
}

static bool end(struct netlink_walk *walk, bool broken)
{
    walk->left = 0;
    walk->broken = walk->broken || broken;
    return false;
}

bool netlink_next_message(struct netlink_walk *walk, struct netlink_message *ret_message)
{
    struct nlmsghdr header;

    if (walk->left < sizeof(header))
        return end(walk, walk->left > 0);
    memcpy(&header, walk->at, sizeof(header));
    if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > walk->left)
        return end(walk, true);
    *ret_message = (struct netlink_message){
        .type = header.nlmsg_type,
        .flags = header.nlmsg_flags,
        .payload = walk->at + sizeof(header),
        .length = header.nlmsg_len - sizeof(header),
    };
    advance(walk, header.nlmsg_len);
    return true;
}

bool netlink_next_attribute(struct netlink_walk *walk, struct netlink_attribute *ret_attribute)
{
    struct nlattr header;

    if (walk->left < sizeof(header))
        return end(walk, walk->left > 0);
    memcpy(&header, walk->at, sizeof(header));
    if (header.nla_len < sizeof(header) || header.nla_len > walk->left)
        return end(walk, true);
    *ret_attribute = (struct netlink_attribute){
        .type = (uint16_t)(header.nla_type & (unsigned)NLA_TYPE_MASK),
        .bytes = walk->at + sizeof(header),
        .length = header.nla_len - sizeof(header),
    };
    advance(walk, header.nla_len);
    return true;
}

bool netlink_attributes(const void *bytes, size_t length, struct netlink_attribute *ret_table,
                        size_t count)
{
    struct netlink_walk walk = netlink_walk(bytes, length);
    struct netlink_attribute attribute;

    memset(ret_table, 0, count * sizeof(*ret_table));
    while (netlink_next_attribute(&walk, &attribute))
        if (attribute.type < count)
            ret_table[attribute.type] = attribute;
    return !walk.broken;
}

bool netlink_u8(const struct netlink_attribute *attribute, uint8_t *ret_number)
{
    if (attribute->bytes == NULL || attribute->length != sizeof(*ret_number))
        return false;
    *ret_number = attribute->bytes[0];
    return true;
}

bool netlink_u32(const struct netlink_attribute *attribute, uint32_t *ret_number)
{
    if (attribute->bytes == NULL || attribute->length != sizeof(*ret_number))
        return false;
    memcpy(ret_number, attribute->bytes, sizeof(*ret_number));
    return true;
}

bool netlink_big_endian_u32(const struct netlink_attribute *attribute, uint32_t *ret_number)
{
    uint32_t number;

    if (!netlink_u32(attribute, &number))
        return false;
    *ret_number = ntohl(number);
    return true;
}

const char *netlink_text(const struct netlink_attribute *attribute)
{
    if (attribute->bytes == NULL || memchr(attribute->bytes, '\0', attribute->length) == NULL)
        return NULL;
    return (const char *)attribute->bytes;
}

void netlink_add_attribute(struct text *request, uint16_t type, const void *bytes, size_t length)
{
    struct nlattr header = {
        .nla_type = type,
        .nla_len = (uint16_t)(sizeof(header) + length),
    };
    static const char padding[3];

    text_add(request, &header, sizeof(header));
    text_add(request, bytes, length);
    text_add(request, padding, padded(length) - length);
}

int netlink_open(int protocol, struct error *err)
{
    static const struct timeval limit = {.tv_sec = ANSWER_SECONDS};
    AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    int result;

    if (fd < 0)
        return error_set(err, errno, "cannot open a netlink socket: %s", strerror(errno));
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
        return error_set(err, errno, "cannot limit a netlink socket: %s", strerror(errno));
    result = fd;
    fd = -1; /* NOLINT(clang-analyzer-deadcode.DeadStores): read when the scope ends */
    return result;
}

static int send_request(int fd, const struct netlink_request *request, uint16_t flags,
                        struct error *err)
{
    AUTO(text_clear) struct text message = {0};
    struct nlmsghdr header = {
        .nlmsg_len = (uint32_t)(sizeof(header) + request->length),
        .nlmsg_type = request->type,
        .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
        .nlmsg_seq = 1,
    };

    text_add(&message, &header, sizeof(header));
    text_add(&message, request->payload, request->length);
    if (send(fd, message.bytes, message.length, 0) != (ssize_t)message.length)
        return error_set(err, errno, "cannot ask the kernel: %s", strerror(errno));
    return 0;
}

/* One datagram from the kernel; what other processes send is passed over. */
static ssize_t receive(int fd, void *buffer, struct error *err)
{
    struct sockaddr_nl sender = {0};
    socklen_t size;
    ssize_t length;

    do {
        size = sizeof(sender);
        length = recvfrom(fd, buffer, DATAGRAM_SIZE, MSG_TRUNC, (struct sockaddr *)&sender, &size);
    } while ((length < 0 && errno == EINTR) || (length >= 0 && sender.nl_pid != 0));
    if (length < 0 && errno == EAGAIN)
        return error_set(err, ETIMEDOUT, "the kernel did not answer in %d s", ANSWER_SECONDS);
    if (length < 0 && errno == ENOBUFS)
        return error_set(err, EAGAIN, "the kernel's answer was lost");
    if (length < 0)
        return error_set(err, errno, "cannot read the kernel's answer: %s", strerror(errno));
    if ((size_t)length > DATAGRAM_SIZE)
        return error_set(err, EFBIG, "the kernel's answer is too long");
    return length;
}

/* The error number that NLMSG_ERROR and NLMSG_DONE begin with; 0 where they report none. */
static int reported_error(const struct netlink_message *message, struct error *err)
{
    int32_t code = 0;

    if (message->length >= sizeof(code))
        memcpy(&code, message->payload, sizeof(code));
    if (code < -4095 || code > 0)
        return error_set(err, EBADMSG, "the kernel's answer has error number %d", code);
    if (code < 0)
        return error_set(err, -code, "the kernel answered: %s", strerror(-code));
    return 0;
}

/* Adds the messages of one datagram to out. Answers 1 when the dump is complete. */
static int take_messages(const uint8_t *datagram, size_t length, size_t max_size, struct text *out,
                         struct error *err)
{
    struct netlink_walk walk = netlink_walk(datagram, length);
    struct netlink_message message;
    static const char padding[3];

    while (netlink_next_message(&walk, &message)) {
        size_t size = sizeof(struct nlmsghdr) + message.length;

        if (message.flags & NLM_F_DUMP_INTR)
            return error_set(err, EAGAIN, "it changed while we looked");
        if (message.type == NLMSG_ERROR || message.type == NLMSG_DONE) {
            int r = reported_error(&message, err);

            return r < 0 ? r : 1;
        }
        if (message.type < NLMSG_MIN_TYPE)
            continue;
        if (out->length + padded(size) > max_size)
            return error_set(err, EFBIG, "it is longer than we take in");
        text_add(out, message.payload - sizeof(struct nlmsghdr), size);
        text_add(out, padding, padded(size) - size);
    }
    return walk.broken ? error_set(err, EBADMSG, "the kernel's answer is damaged") : 0;
}

int netlink_dump(int fd, const struct netlink_request *request, size_t max_size, struct text *out,
                 struct error *err)
{
    AUTO_FREE uint8_t *datagram = must_allocate(1, DATAGRAM_SIZE);
    size_t start = out->length;
    int r = send_request(fd, request, NLM_F_DUMP, err);

    if (r < 0)
        return r;
    do {
        ssize_t received = receive(fd, datagram, err);

        r = received < 0 ? (int)received
                         : take_messages(datagram, (size_t)received, start + max_size, out, err);
    } while (r == 0);
    if (r < 0)
        text_truncate(out, start);
    return r < 0 ? r : 0;
}

int netlink_get(int fd, const struct netlink_request *request, struct text *out, struct error *err)
{
    AUTO_FREE uint8_t *datagram = must_allocate(1, DATAGRAM_SIZE);
    size_t start = out->length;
    ssize_t received;
    int r = send_request(fd, request, 0, err);

    if (r < 0)
        return r;
    received = receive(fd, datagram, err);
    if (received < 0)
        return (int)received;
    r = take_messages(datagram, (size_t)received, start + MESSAGE_MAX, out, err);
    return r < 0 ? r : 0;
}
