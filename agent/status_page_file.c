#include <stdbool.h>
#include <string.h>

#include "agent/status.h"
#include "agent/status_page.h"
#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/text.h"

#define PAGE_MAX_SIZE (256U * 1024U)

static bool is_there(int folder, const struct text *page)
{
    AUTO(text_clear) struct text before = {0};

    return file_read(folder, STATUS_PAGE_FILE, PAGE_MAX_SIZE, &before, NULL) == 0 &&
           before.length == page->length && memcmp(before.bytes, page->bytes, page->length) == 0;
}

int status_page_publish(const struct layout *layout, int64_t now, struct error *err)
{
    AUTO_CLOSE int folder = layout_open(layout, FOLDER_PUBLIC, err);
    AUTO_FREE char *public = layout_path(layout, FOLDER_PUBLIC);
    AUTO(status_clear) struct status status = {0};
    AUTO(text_clear) struct text page = {0};

    if (folder < 0)
        return folder;
    (void)status_load(layout, now, &status, NULL); /* the page says what could not be read */
    status_page_write(&status, public, &page);
    if (is_there(folder, &page))
        return 0;
    return file_write(folder, STATUS_PAGE_FILE, 0644, page.bytes, page.length, err);
}
