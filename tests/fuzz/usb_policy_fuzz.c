#include "collectors/usb_policy/modprobe_policy.h"
#include "collectors/usb_policy/usbguard_policy.h"
#include "platform/cleanup.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = fuzz_text(data, size);
    struct modprobe_lines lines = {0};
    struct usbguard_configuration configuration;
    enum usbguard_storage storage = STORAGE_UNDECIDED;

    modprobe_lines_parse(text, &lines);
    modprobe_command_line_parse(text, &lines);
    (void)usbguard_configuration_parse(text, &configuration, NULL);
    (void)usbguard_rules_parse(text, &storage, NULL);
    return 0;
}
