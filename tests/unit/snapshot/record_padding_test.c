#include "snapshot/record_padding.h"

#include "tests/support/test.h"

#define HANDSHAKE        22
#define APPLICATION_DATA 23

TEST(application_data_leaves_in_steps_of_512_bytes)
{
    for (size_t length = 1; length <= 2048; length++) {
        size_t padding = record_padding(APPLICATION_DATA, length);

        assert_int_equal((length + padding) % 512, 0);
        assert_true(padding < 512);
    }
}

TEST(a_handshake_is_not_padded)
{
    assert_int_equal(record_padding(HANDSHAKE, 100), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(application_data_leaves_in_steps_of_512_bytes),
        RUN(a_handshake_is_not_padded),
    };

    return RUN_ALL(tests);
}
