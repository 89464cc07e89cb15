#include "collectors/disk_encryption/coverage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/disk_encryption/encryption.h"
#include "collectors/disk_encryption/kernel_ciphers.h"
#include "collectors/disk_encryption/udev_data.h"
#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/sysroot.h"

#define DEPTH_MAX 64U
#define NODES_MAX 4096U

struct node {
    struct block_number number;
    bool judged; /* false while its own walk is under way: meeting it then is a cycle */
    struct coverage coverage;
};

struct block_graph {
    const struct sysroot *root;
    const struct luks_headers *headers;
    coverage_of_path file_coverage;
    void *context;
    struct null_cipher_proof proof;
    struct node *nodes;
    size_t count;
    unsigned depth;
};

struct coverage coverage_unknown(enum unknown_reason reason)
{
    return (struct coverage){.state = COVERAGE_UNKNOWN, .reason = reason};
}

bool coverage_is_plain(const struct coverage *coverage)
{
    return coverage->state == COVERAGE_PLAIN || coverage->state == COVERAGE_PARTLY;
}

struct coverage coverage_start(void)
{
    return (struct coverage){
        .state = COVERAGE_UNKNOWN, .reason = UNKNOWN_NOT_PRESENT, .empty = true};
}

static bool has_encryption(const struct coverage *coverage)
{
    return coverage->state == COVERAGE_ENCRYPTED || coverage->state == COVERAGE_PARTLY;
}

static struct coverage joined_state(const struct coverage *left, const struct coverage *right)
{
    struct coverage result = *left;

    if (coverage_is_plain(left) || coverage_is_plain(right)) {
        bool partly = has_encryption(left) || has_encryption(right);

        result.state = partly ? COVERAGE_PARTLY : COVERAGE_PLAIN;
    } else if (left->state == COVERAGE_UNKNOWN) {
        result.reason = left->reason;
    } else if (right->state == COVERAGE_UNKNOWN) {
        result.state = COVERAGE_UNKNOWN;
        result.reason = right->reason;
    } else if (left->state != right->state) {
        result.state = COVERAGE_UNKNOWN; /* memory and disk in one */
        result.reason = UNKNOWN_UNSUPPORTED;
    }
    return result;
}

void coverage_add(struct coverage *whole, const struct coverage *part)
{
    bool removable = whole->removable && part->removable;

    if (whole->empty) {
        *whole = *part;
        return;
    }
    *whole = joined_state(whole, part);
    whole->removable = removable;
    encryption_join(&whole->encryption, &part->encryption);
}

struct block_graph *block_graph_new(const struct sysroot *root, const struct luks_headers *headers,
                                    coverage_of_path file_coverage, void *context)
{
    struct block_graph *graph = must_allocate(1, sizeof(*graph));

    graph->root = root;
    graph->headers = headers;
    graph->file_coverage = file_coverage;
    graph->context = context;
    graph->proof.code = kernel_uses_null_cipher(root, &graph->proof.in_use, NULL);
    return graph;
}

void block_graph_free(struct block_graph *graph)
{
    if (graph == NULL)
        return;
    free(graph->nodes);
    free(graph);
}

static struct coverage cover_lower(struct block_graph *graph, const struct block_device *device)
{
    struct coverage whole = coverage_start();

    for (size_t i = 0; i < device->lower_count; i++) {
        struct coverage part = block_graph_cover(graph, device->lower[i]);

        coverage_add(&whole, &part);
    }
    if (!device->lower_complete) {
        struct coverage missing = coverage_unknown(UNKNOWN_CONFLICTING);

        coverage_add(&whole, &missing);
    }
    return whole;
}

/* The whole's disks come out only if all below do; an encryption layer changes nothing in that. */
static bool lower_is_removable(struct block_graph *graph, const struct block_device *device)
{
    for (size_t i = 0; i < device->lower_count; i++)
        if (!block_graph_cover(graph, device->lower[i]).removable)
            return false;
    return device->lower_count > 0;
}

static bool is_being_reencrypted(struct block_graph *graph, const struct block_device *device)
{
    for (size_t i = 0; i < device->lower_count; i++) {
        AUTO(block_device_clear) struct block_device lower = {0};

        if (block_device_read(graph->root, device->lower[i], &lower, NULL) < 0)
            continue; /* the walk below meets the same failure */
        if (lower.kind == BLOCK_MAPPED && mapping_is_reencryption(lower.mapping))
            return true;
    }
    return false;
}

/*
 * A device that was decrypted while it was mapped keeps its mapping, and that its name. Then udev
 * sees below the mapping what is stored there in the clear.
 */
static bool shows_its_content(struct block_graph *graph, struct block_number below)
{
    struct udev_data data;

    return udev_data_read(graph->root, below, &data, NULL) == 0 &&
           (data.usage == UDEV_FILESYSTEM || data.usage == UDEV_POOL);
}

static struct coverage cover_luks(struct block_graph *graph, const struct block_device *device)
{
    AUTO(block_device_clear) struct block_device below = {0};
    enum encryption_method method = mapping_method(device->mapping);
    struct luks_header header;
    int r;

    if (is_being_reencrypted(graph, device))
        return encryption_in_progress(method);
    if (graph->headers == NULL || luks_device_below(graph->root, device, &below, NULL) < 0)
        return encryption_header_unread(method, -ENODATA, &graph->proof);
    r = luks_headers_find(graph->headers, below.number, &header, NULL);
    if (r == 0 && mapping_has_uuid(device->mapping, header.uuid))
        return encryption_from_header(method, &header);
    if (shows_its_content(graph, below.number))
        return coverage_unknown(UNKNOWN_CONFLICTING);
    /* None, or that of something else: the mapping's own is kept elsewhere. */
    if (r == 0 || r == -ENOENT)
        return encryption_header_detached(method, &graph->proof);
    return encryption_header_unread(method, r, &graph->proof);
}

static struct coverage cover_mapped(struct block_graph *graph, const struct block_device *device)
{
    enum encryption_method method = mapping_method(device->mapping);
    struct coverage coverage;

    if (method == METHOD_NONE)
        return device->lower_count > 0 ? cover_lower(graph, device)
                                       : coverage_unknown(UNKNOWN_NOT_PRESENT);
    if (mapping_is_luks(device->mapping))
        coverage = cover_luks(graph, device);
    else
        coverage = encryption_without_header(method, &graph->proof);
    coverage.removable = lower_is_removable(graph, device);
    return coverage;
}

static struct coverage cover_backing(struct block_graph *graph, const struct block_device *device)
{
    if (strncmp(device->backing, "/dev/", strlen("/dev/")) == 0)
        return block_graph_cover_path(graph, device->backing);
    return graph->file_coverage(graph->context, device->backing);
}

static struct coverage cover_device(struct block_graph *graph, const struct block_device *device)
{
    switch (device->kind) {
    case BLOCK_MAPPED:
        return cover_mapped(graph, device);
    case BLOCK_LOOP:
        return device->backing == NULL ? coverage_unknown(UNKNOWN_NOT_PRESENT)
                                       : cover_backing(graph, device);
    case BLOCK_MEMORY:
        if (device->backing != NULL)
            return cover_backing(graph, device);
        return (struct coverage){.state = COVERAGE_VOLATILE};
    case BLOCK_REMOTE:
        return coverage_unknown(UNKNOWN_UNSUPPORTED);
    case BLOCK_RAID:
    case BLOCK_CACHE:
    case BLOCK_PARTITION:
        return device->lower_count > 0 ? cover_lower(graph, device)
                                       : coverage_unknown(UNKNOWN_NOT_PRESENT);
    case BLOCK_DISK:
        break;
    }
    if (device->lower_count > 0)
        return cover_lower(graph, device);
    return (struct coverage){.state = COVERAGE_PLAIN, .removable = device->removable};
}

static struct coverage judge(struct block_graph *graph, struct block_number number)
{
    AUTO(block_device_clear) struct block_device device = {0};
    int r = block_device_read(graph->root, number, &device, NULL);

    if (r < 0)
        return coverage_unknown(unknown_reason_from_code(r));
    return cover_device(graph, &device);
}

struct coverage block_graph_cover(struct block_graph *graph, struct block_number number)
{
    struct coverage coverage;
    size_t index;

    for (size_t i = 0; i < graph->count; i++)
        if (block_number_equal(graph->nodes[i].number, number))
            return graph->nodes[i].judged ? graph->nodes[i].coverage
                                          : coverage_unknown(UNKNOWN_CONFLICTING);
    if (graph->depth >= DEPTH_MAX || graph->count >= NODES_MAX)
        return coverage_unknown(UNKNOWN_LIMIT_EXCEEDED);
    index = graph->count++;
    if ((index & (index + 1)) == 0) /* room doubles: 1, 2, 4, ... */
        graph->nodes = must_grow(graph->nodes, 2 * index + 2, sizeof(*graph->nodes));
    graph->nodes[index] = (struct node){.number = number};

    graph->depth++;
    coverage = judge(graph, number);
    graph->depth--;
    graph->nodes[index].coverage = coverage;
    graph->nodes[index].judged = true;
    return coverage;
}

struct coverage block_graph_cover_path(struct block_graph *graph, const char *path)
{
    struct block_number number;
    int r = block_number_by_path(graph->root, path, &number, NULL);

    return r < 0 ? coverage_unknown(unknown_reason_from_code(r)) : block_graph_cover(graph, number);
}
