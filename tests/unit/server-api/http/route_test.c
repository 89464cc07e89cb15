#include "server-api/http/route.h"

#include <string.h>

#include "tests/support/test.h"

static void handle(struct exchange *exchange)
{
    (void)exchange;
}

static const struct route first[] = {
    {.listener = LISTENER_AGENTS, .method = "PUT", .path = "/things/{}", .handle = handle},
    {.listener = LISTENER_AGENTS, .method = "GET", .path = "/both", .handle = handle},
    {.method = NULL},
};
static const struct route second[] = {
    {.listener = LISTENER_AGENTS, .method = "POST", .path = "/both", .handle = handle},
    {.listener = LISTENER_PEOPLE, .method = "GET", .path = "/people", .handle = handle},
    {.method = NULL},
};
static const struct route *const tables[] = {first, second, NULL};

static unsigned find(enum listener_kind listener, const char *method, const char *path,
                     const struct route **ret_route, struct span *ret_parameter)
{
    struct request_head head = {.method = method, .path = {path, strlen(path)}};

    return route_find(tables, listener, &head, ret_route, ret_parameter);
}

static unsigned status_of(enum listener_kind listener, const char *method, const char *path)
{
    const struct route *route = NULL;
    struct span parameter;

    return find(listener, method, path, &route, &parameter);
}

TEST(finds_a_route_by_method_and_path_in_any_table)
{
    const struct route *route = NULL;
    struct span parameter;

    assert_int_equal(find(LISTENER_AGENTS, "POST", "/both", &route, &parameter), 200);
    assert_ptr_equal(route, &second[0]);
    assert_int_equal(parameter.length, 0);
}

TEST(answers_the_last_segment_as_parameter)
{
    const struct route *route = NULL;
    struct span parameter = {0};

    assert_int_equal(find(LISTENER_AGENTS, "PUT", "/things/abc", &route, &parameter), 200);
    assert_int_equal(parameter.length, 3);
    assert_memory_equal(parameter.bytes, "abc", 3);
}

TEST(a_parameter_is_one_segment_that_is_not_empty)
{
    assert_int_equal(status_of(LISTENER_AGENTS, "PUT", "/things/"), 404);
    assert_int_equal(status_of(LISTENER_AGENTS, "PUT", "/things"), 404);
    assert_int_equal(status_of(LISTENER_AGENTS, "PUT", "/things/a/b"), 404);
    assert_int_equal(status_of(LISTENER_AGENTS, "PUT", "/things/a/"), 404);
}

TEST(paths_match_whole)
{
    assert_int_equal(status_of(LISTENER_AGENTS, "GET", "/bothers"), 404);
    assert_int_equal(status_of(LISTENER_AGENTS, "GET", "/bot"), 404);
    assert_int_equal(status_of(LISTENER_AGENTS, "GET", "/both/"), 404);
    assert_int_equal(status_of(LISTENER_AGENTS, "GET", "/"), 404);
}

TEST(another_method_is_405_with_a_route_of_the_path)
{
    const struct route *route = NULL;
    struct span parameter;

    assert_int_equal(find(LISTENER_AGENTS, "GET", "/things/a", &route, &parameter), 405);
    assert_ptr_equal(route, &first[0]);
}

TEST(each_listener_has_its_own_routes)
{
    assert_int_equal(status_of(LISTENER_PEOPLE, "GET", "/people"), 200);
    assert_int_equal(status_of(LISTENER_AGENTS, "GET", "/people"), 404);
    assert_int_equal(status_of(LISTENER_PEOPLE, "GET", "/both"), 404);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(finds_a_route_by_method_and_path_in_any_table),
        RUN(answers_the_last_segment_as_parameter),
        RUN(a_parameter_is_one_segment_that_is_not_empty),
        RUN(paths_match_whole),
        RUN(another_method_is_405_with_a_route_of_the_path),
        RUN(each_listener_has_its_own_routes),
    };

    return RUN_ALL(tests);
}
