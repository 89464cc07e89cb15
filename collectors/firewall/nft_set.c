#include "collectors/firewall/nft_set.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "platform/memory.h"

/* Each field of a concatenated key starts at a multiple of four bytes. */
static uint32_t padded(uint32_t size)
{
    return (size + 3U) & ~3U;
}

int nft_set_parse_fields(const struct netlink_attribute *description, struct nft_set *set,
                         struct error *err)
{
    struct netlink_attribute inner[NFTA_SET_DESC_MAX + 1], field;
    struct netlink_walk walk;
    uint32_t total = 0;

    if (!netlink_attributes(description->bytes, description->length, inner, NFTA_SET_DESC_MAX + 1))
        return error_set(err, EBADMSG, "the description of set %.100s is damaged", set->name.name);
    walk = netlink_walk_into(&inner[NFTA_SET_DESC_CONCAT]);
    while (netlink_next_attribute(&walk, &field)) {
        struct netlink_attribute parts[NFTA_SET_FIELD_MAX + 1];
        uint32_t size;

        if (set->field_count == NFT_FIELDS_MAX ||
            !netlink_attributes(field.bytes, field.length, parts, NFTA_SET_FIELD_MAX + 1) ||
            !netlink_big_endian_u32(&parts[NFTA_SET_FIELD_LEN], &size) || size == 0 ||
            size > set->key_size)
            return error_set(err, EBADMSG, "the fields of set %.100s are damaged", set->name.name);
        total += padded(size);
        set->field_sizes[set->field_count++] = size;
    }
    if (walk.broken || (set->field_count > 0 && total != padded(set->key_size)))
        return error_set(err, EBADMSG, "the fields of set %.100s do not make its key",
                         set->name.name);
    return 0;
}

static bool counts_only(const struct netlink_attribute *expression)
{
    struct netlink_attribute inner[NFTA_EXPR_MAX + 1];
    const char *name;

    if (!netlink_attributes(expression->bytes, expression->length, inner, NFTA_EXPR_MAX + 1))
        return false;
    name = netlink_text(&inner[NFTA_EXPR_NAME]);
    return name != NULL && (strcmp(name, "counter") == 0 || strcmp(name, "last") == 0);
}

static bool is_conditional(const struct netlink_attribute *single,
                           const struct netlink_attribute *several)
{
    struct netlink_walk walk = netlink_walk_into(several);
    struct netlink_attribute expression;

    if (single->bytes != NULL && !counts_only(single))
        return true;
    while (netlink_next_attribute(&walk, &expression))
        if (!counts_only(&expression))
            return true;
    return walk.broken;
}

static int parse_element(const struct netlink_attribute *item, const struct nft_set *set,
                         struct nft_element *ret_element, struct error *err)
{
    struct netlink_attribute inner[NFTA_SET_ELEM_MAX + 1], key, key_end;
    uint32_t flags = 0;

    if (!netlink_attributes(item->bytes, item->length, inner, NFTA_SET_ELEM_MAX + 1))
        return error_set(err, EBADMSG, "an element of set %.100s is damaged", set->name.name);
    (void)netlink_big_endian_u32(&inner[NFTA_SET_ELEM_FLAGS], &flags);
    key = nft_data_value(&inner[NFTA_SET_ELEM_KEY]);
    key_end = nft_data_value(&inner[NFTA_SET_ELEM_KEY_END]);
    if (((flags & NFT_SET_ELEM_CATCHALL) == 0 && key.bytes == NULL) ||
        (key.bytes != NULL && key.length != set->key_size) ||
        (key_end.bytes != NULL && key_end.length != set->key_size))
        return error_set(err, EBADMSG, "an element of set %.100s has no such key", set->name.name);
    *ret_element = (struct nft_element){
        .key = (flags & NFT_SET_ELEM_CATCHALL) != 0 ? NULL : key.bytes,
        .key_end = key_end.bytes,
        .data = inner[NFTA_SET_ELEM_DATA],
        .interval_end = (flags & NFT_SET_ELEM_INTERVAL_END) != 0,
        .conditional =
            is_conditional(&inner[NFTA_SET_ELEM_EXPR], &inner[NFTA_SET_ELEM_EXPRESSIONS]),
    };
    return 0;
}

static void add_element(struct nft_set *set, struct nft_element element)
{
    if (set->element_count == set->element_capacity) {
        set->element_capacity = set->element_capacity == 0 ? 8 : set->element_capacity * 2;
        set->elements = must_grow(set->elements, set->element_capacity, sizeof(*set->elements));
    }
    set->elements[set->element_count++] = element;
    set->has_ranges = set->has_ranges || element.key_end != NULL;
}

int nft_set_parse_elements(const struct netlink_attribute *list, struct nft_set *set,
                           struct error *err)
{
    struct netlink_walk walk = netlink_walk_into(list);
    struct netlink_attribute item;

    set->content_known = true;
    while (netlink_next_attribute(&walk, &item)) {
        struct nft_element element = {0};
        int r = parse_element(&item, set, &element, err);

        if (r < 0)
            return r;
        if (set->element_count >= NFT_ELEMENTS_MAX)
            return error_set(err, EFBIG, "set %.100s has more than %u elements", set->name.name,
                             NFT_ELEMENTS_MAX);
        add_element(set, element);
    }
    return walk.broken
               ? error_set(err, EBADMSG, "the elements of set %.100s are cut off", set->name.name)
               : 0;
}

/* By key; where one interval ends and the next begins, the end comes first. Catch-alls are last. */
static int compare_elements(const void *left, const void *right, void *size)
{
    const struct nft_element *first = left, *second = right;
    int order;

    if (first->key == NULL || second->key == NULL)
        return (first->key == NULL) - (second->key == NULL);
    order = memcmp(first->key, second->key, *(const uint32_t *)size);
    return order != 0 ? order : second->interval_end - first->interval_end;
}

void nft_set_sort(struct nft_set *set)
{
    if (set->element_count == 0)
        return;
    if ((set->flags & NFT_SET_INTERVAL) != 0 && set->field_count > 0)
        set->has_ranges = true;
    qsort_r(set->elements, set->element_count, sizeof(*set->elements), compare_elements,
            &set->key_size);
    if (set->elements[set->element_count - 1].key == NULL)
        set->catch_all = &set->elements[set->element_count - 1];
    while (set->element_count > 0 && set->elements[set->element_count - 1].key == NULL)
        set->element_count--;
}

/* The last element whose key is not above this one, or NULL. */
static const struct nft_element *last_not_above(const struct nft_set *set, const uint8_t *key,
                                                uint64_t *steps)
{
    size_t low = 0, high = set->element_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        (*steps)++;
        if (memcmp(set->elements[middle].key, key, set->key_size) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &set->elements[low - 1];
}

static bool is_within(const struct nft_set *set, const struct nft_element *element,
                      const uint8_t *key)
{
    const uint8_t *last = element->key_end == NULL ? element->key : element->key_end;
    uint32_t offset = 0;

    if (set->field_count == 0)
        return memcmp(key, element->key, set->key_size) >= 0 &&
               memcmp(key, last, set->key_size) <= 0;
    for (size_t i = 0; i < set->field_count; i++) {
        if (memcmp(key + offset, element->key + offset, set->field_sizes[i]) < 0 ||
            memcmp(key + offset, last + offset, set->field_sizes[i]) > 0)
            return false;
        offset += padded(set->field_sizes[i]);
    }
    return true;
}

static const struct nft_element *find_range(const struct nft_set *set, const uint8_t *key,
                                            uint64_t *steps)
{
    for (size_t i = 0; i < set->element_count; i++) {
        (*steps)++;
        if (is_within(set, &set->elements[i], key))
            return &set->elements[i];
    }
    return set->catch_all;
}

const struct nft_element *nft_set_find(const struct nft_set *set, const uint8_t *key,
                                       uint64_t *steps)
{
    const struct nft_element *found;

    if (set->has_ranges)
        return find_range(set, key, steps);
    found = last_not_above(set, key, steps);
    if (found != NULL && (set->flags & NFT_SET_INTERVAL) != 0)
        return found->interval_end ? set->catch_all : found;
    if (found != NULL && memcmp(found->key, key, set->key_size) == 0)
        return found;
    return set->catch_all;
}
