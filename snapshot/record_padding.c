#include "snapshot/record_padding.h"

#define APPLICATION_DATA 23 /* RFC 8446, 5.1 */
#define STEP             512U

size_t record_padding(int content_type, size_t length)
{
    size_t beyond = length % STEP;

    return content_type != APPLICATION_DATA || beyond == 0 ? 0 : STEP - beyond;
}
