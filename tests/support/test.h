#pragma once

/* cmocka with what it needs before it, and the few helpers that all tests share. */

/* cmocka.h needs the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* A test is a sentence: TEST(refuses_an_empty_line) { ... } */
#define TEST(name) static void name(void **state_ __attribute__((unused)))

/* The list in main: static const struct CMUnitTest tests[] = { RUN(refuses_an_empty_line) }; */
#define RUN(name)      cmocka_unit_test(name)
#define RUN_ALL(tests) cmocka_run_group_tests(tests, NULL, NULL)
