#include "collectors/patch_level/apt_index.h"

#include <errno.h>
#include <string.h>

#include "collectors/patch_level/dpkg_status.h"
#include "platform/cleanup.h"
#include "platform/package_version.h"

static int mark(struct span stanza, struct packages *packages, struct error *err)
{
    struct span name, version, architecture;
    struct package *package;
    const char *installed;

    if (!stanza_field(stanza, "Package", &name) || name.length == 0)
        return error_set(err, EBADMSG, "a stanza of the index has no package name");
    if (!packages_contain(packages, name))
        return 0;
    if (!stanza_field(stanza, "Version", &version) || version.length == 0 ||
        !stanza_field(stanza, "Architecture", &architecture))
        return error_set(err, EBADMSG, "a package of the index has no version or architecture");

    package = packages_find(packages, name, architecture);
    if (package == NULL)
        return 0;
    installed = package_version(packages, package);
    if (dpkg_version_compare(version.start, version.length, installed, strlen(installed)) > 0)
        package->security_pending = true;
    return 0;
}

int apt_index_mark_security(struct stream *stream, uint64_t size, struct packages *packages,
                            struct error *err)
{
    AUTO(auto_stanza_reader_free) struct stanza_reader *reader = stanza_reader_new(stream);
    struct span stanza;
    int r;

    while ((r = stanza_next(reader, &stanza, err)) > 0) {
        r = mark(stanza, packages, err);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return r;
    if (stanza_reader_total(reader) != size)
        return error_set(err, EBADMSG, "the index is not as long as its Release file says");
    return 0;
}
