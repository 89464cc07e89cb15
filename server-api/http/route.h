#pragma once

#include <stddef.h>

#include "server-api/http/exchange.h"
#include "server-api/http/request_head.h"

/*
 * Finds the route of a request in tables that end with a NULL, each of them ended by a route
 * without a method. Answers 200, or 404 or 405; with 405 the route is one that has this path.
 */
unsigned route_find(const struct route *const *tables, enum listener_kind listener,
                    const struct request_head *head, const struct route **ret_route,
                    struct span *ret_parameter);
