#include "platform/digest.h"

#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "tests/support/test.h"

static void assert_digest(const void *bytes, size_t length, const char *expected)
{
    char hex[DIGEST_HEX_SIZE];
    struct digest digest;

    digest_of(bytes, length, &digest);
    digest_to_hex(&digest, hex);
    assert_string_equal(hex, expected);
}

/* The examples of FIPS 180-4 that NIST publishes, with the empty message. */
TEST(agrees_with_the_examples_of_sha_256)
{
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    AUTO_FREE char *million = must_allocate(1000000, 1);

    memset(million, 'a', 1000000);
    assert_digest("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_digest("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest(two_blocks, strlen(two_blocks),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_digest(million, 1000000,
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(tells_equal_from_different)
{
    struct digest left, right;

    digest_of("a", 1, &left);
    digest_of("a", 1, &right);
    assert_true(digest_equal(&left, &right));
    right.bytes[DIGEST_SIZE - 1] ^= 1;
    assert_false(digest_equal(&left, &right));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(agrees_with_the_examples_of_sha_256),
        RUN(tells_equal_from_different),
    };

    return RUN_ALL(tests);
}
