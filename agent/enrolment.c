#include "agent/enrolment.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/json.h"
#include "platform/json_writer.h"
#include "platform/text.h"

#define ENROLMENT_FILE     "enrolment.json"
#define ENROLMENT_MAX_SIZE 4096U
#define TRUST_FILE         "trust.pem"
#define TRUST_MAX_SIZE     65536U

static bool copy_member(const struct json *document, const char *name, char *ret, size_t size)
{
    const char *text = json_text(json_member(document, name));

    if (text == NULL || text[0] == '\0' || strlen(text) >= size)
        return false;
    (void)snprintf(ret, size, "%s", text);
    return true;
}

int enrolment_parse(const char *text, size_t length, struct enrolment *ret_enrolment,
                    struct error *err)
{
    AUTO(auto_json_free) struct json *document = NULL;
    struct enrolment found = {0};
    int r = json_parse(text, length, &json_default_limits, &document, err);

    if (r < 0)
        return error_wrap(err, r, ENROLMENT_FILE);
    if (json_count(document) != 5 || !copy_member(document, "url", found.url, sizeof(found.url)) ||
        !copy_member(document, "organisation", found.organisation, sizeof(found.organisation)) ||
        !copy_member(document, "machine", found.machine, sizeof(found.machine)) ||
        !copy_member(document, "label", found.label, sizeof(found.label)) ||
        !copy_member(document, "identity", found.identity, sizeof(found.identity)) ||
        strncmp(found.url, "https://", strlen("https://")) != 0 ||
        strspn(found.identity, "0123456789abcdef") != IDENTITY_NAME_SIZE - 1)
        return error_set(err, EBADMSG,
                         ENROLMENT_FILE " is damaged: enrol again with a new join code "
                                        "(dijkwacht enrol --again)");
    *ret_enrolment = found;
    return 0;
}

int enrolment_load(const struct layout *layout, struct enrolment *ret_enrolment, struct error *err)
{
    AUTO_CLOSE int folder = layout_open(layout, FOLDER_SETTINGS, err);
    AUTO(text_clear) struct text text = {0};
    int r = folder;

    if (r >= 0)
        r = file_read(folder, ENROLMENT_FILE, ENROLMENT_MAX_SIZE, &text, err);
    if (r == -ENOENT)
        return error_set(err, ENOENT,
                         "this machine is not enrolled yet: ask your organisation for a join code, "
                         "then run \"dijkwacht enrol\"");
    if (r < 0)
        return r;
    return enrolment_parse(text_string(&text), text.length, ret_enrolment, err);
}

int enrolment_save(const struct layout *layout, const struct enrolment *enrolment,
                   struct error *err)
{
    AUTO_CLOSE int folder = layout_open(layout, FOLDER_SETTINGS, err);
    struct json_writer writer = {0};
    int r;

    if (folder < 0)
        return folder;
    json_begin_object(&writer);
    json_add_text(&writer, "url", enrolment->url);
    json_add_text(&writer, "organisation", enrolment->organisation);
    json_add_text(&writer, "machine", enrolment->machine);
    json_add_text(&writer, "label", enrolment->label);
    json_add_text(&writer, "identity", enrolment->identity);
    json_end_object(&writer);
    text_add_string(&writer.out, "\n");
    r = file_write(folder, ENROLMENT_FILE, 0644, writer.out.bytes, writer.out.length, err);
    text_clear(&writer.out);
    return r;
}

int trust_load(const struct layout *layout, struct certificate **ret_root, struct error *err)
{
    AUTO_CLOSE int folder = layout_open(layout, FOLDER_SETTINGS, err);
    AUTO(text_clear) struct text pem = {0};
    int r = folder;

    if (r >= 0)
        r = file_read(folder, TRUST_FILE, TRUST_MAX_SIZE, &pem, err);
    if (r >= 0)
        r = certificate_from_pem(text_string(&pem), pem.length, ret_root, err);
    return r < 0 ? error_wrap(err, r, TRUST_FILE) : 0;
}

int trust_save(const struct layout *layout, const struct certificate *root, struct error *err)
{
    AUTO_CLOSE int folder = layout_open(layout, FOLDER_SETTINGS, err);
    AUTO(text_clear) struct text pem = {0};
    int r = folder < 0 ? folder : directory_remove_leftovers(folder, err);

    if (r < 0)
        return r;
    certificate_to_pem(root, &pem);
    return file_write(folder, TRUST_FILE, 0644, pem.bytes, pem.length, err);
}
