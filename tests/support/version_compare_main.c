#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/package_version.h"

/* Reads lines "left right" from standard input and answers each with <, = or >. */
int main(void)
{
    char line[1024];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        const char *left = strtok(line, " \n"), *right = strtok(NULL, " \n");
        int order;

        if (left == NULL || right == NULL)
            return EXIT_FAILURE;
        order = dpkg_version_compare(left, strlen(left), right, strlen(right));
        (void)puts(order < 0 ? "<" : order > 0 ? ">" : "=");
    }
    return EXIT_SUCCESS;
}
