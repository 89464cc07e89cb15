#include "server-api/http/route.h"

#include <string.h>

#define PARAMETER "{}"

static bool starts_with(struct span span, const char *prefix, size_t length)
{
    return span.length >= length && memcmp(span.bytes, prefix, length) == 0;
}

static bool path_matches(const struct route *route, struct span path, struct span *ret_parameter)
{
    size_t length = strlen(route->path);
    size_t fixed = length - strlen(PARAMETER);
    struct span rest;

    *ret_parameter = (struct span){0};
    if (length < strlen(PARAMETER) || strcmp(route->path + fixed, PARAMETER) != 0)
        return path.length == length && starts_with(path, route->path, length);
    if (!starts_with(path, route->path, fixed))
        return false;
    rest = (struct span){path.bytes + fixed, path.length - fixed};
    if (rest.length == 0 || memchr(rest.bytes, '/', rest.length) != NULL)
        return false;
    *ret_parameter = rest;
    return true;
}

unsigned route_find(const struct route *const *tables, enum listener_kind listener,
                    const struct request_head *head, const struct route **ret_route,
                    struct span *ret_parameter)
{
    unsigned status = 404;

    for (; *tables != NULL; tables++) {
        for (const struct route *route = *tables; route->method != NULL; route++) {
            struct span parameter;

            if (route->listener != listener || !path_matches(route, head->path, &parameter))
                continue;
            *ret_route = route;
            *ret_parameter = parameter;
            if (strcmp(route->method, head->method) == 0)
                return 200;
            status = 405;
        }
    }
    return status;
}
