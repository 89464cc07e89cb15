#include <string.h>

#include "platform/cleanup.h"
#include "tests/support/answers.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

static void ask(struct answers *answers, const char *authorization, const char *query)
{
    struct exchange exchange = {
        .method = "GET",
        .path = "/v1/fleet",
        .query = query,
        .parameter = "",
        .authorization = authorization,
    };

    answers_ask(answers, &fleet_routes[0], &exchange);
}

TEST(answers_whoever_brings_the_token)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_answers_free) struct answers *answers = answers_new(world);

    fixture_write(world->folder, SERVER_TOKEN_FILE, "token-1\n");
    ask(answers, "Bearer token-1", "");
    assert_int_equal(answers->status, 200);
    assert_string_equal(answers->content_type, "application/json");
    assert_non_null(strstr(answers->body.bytes, "Ambervoort Relief"));
}

TEST(refuses_everyone_else)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_answers_free) struct answers *answers = answers_new(world);
    static const char *const wrong[] = {
        NULL,
        "",
        "Bearer ",
        "Bearer token-2",
        "Bearer token-1 ",
        "token-1",
        "bearer token-1",
        "Bearer token-1\n",
        "Basic token-1",
    };

    fixture_write(world->folder, SERVER_TOKEN_FILE, "token-1\n");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        ask(answers, wrong[i], "");
        assert_int_equal(answers->status, 401);
        assert_string_equal(answers->extra_header, "WWW-Authenticate: Bearer");
        assert_null(strstr(answers->body.bytes, "Ambervoort"));
    }
}

TEST(an_empty_or_missing_token_file_opens_nothing)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_answers_free) struct answers *answers = answers_new(world);

    ask(answers, "Bearer ", "");
    assert_int_equal(answers->status, 500);
    fixture_write(world->folder, SERVER_TOKEN_FILE, "\n");
    ask(answers, "Bearer ", "");
    assert_int_equal(answers->status, 401);
}

TEST(answers_one_organisation_alone)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_answers_free) struct answers *answers = answers_new(world);

    fixture_write(world->folder, SERVER_TOKEN_FILE, "t");
    ask(answers, "Bearer t", "organisation=" TEST_ORGANISATION);
    assert_int_equal(answers->status, 200);
    ask(answers, "Bearer t", "organisation=nobody");
    assert_int_equal(answers->status, 404);
    ask(answers, "Bearer t", "organisation=");
    assert_int_equal(answers->status, 404);
    ask(answers, "Bearer t", "q=1");
    assert_int_equal(answers->status, 400);
}

TEST(is_only_there_on_loopback_and_for_people)
{
    assert_true(fleet_routes[0].loopback_only);
    assert_int_equal(fleet_routes[0].listener, LISTENER_PEOPLE);
    assert_int_equal(fleet_routes[0].max_body, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(answers_whoever_brings_the_token),
        RUN(refuses_everyone_else),
        RUN(an_empty_or_missing_token_file_opens_nothing),
        RUN(answers_one_organisation_alone),
        RUN(is_only_there_on_loopback_and_for_people),
    };

    return RUN_ALL(tests);
}
