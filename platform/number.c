#include "platform/number.h"

bool number_parse(const char *text, size_t length, uint64_t maximum, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');

        if (text[i] < '0' || text[i] > '9' || number > (maximum - digit) / 10 || digit > maximum)
            return false;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}
