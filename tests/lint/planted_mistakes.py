#!/usr/bin/env python3
"""Plants one mistake at a time into a copy of the tree: each check must see its own."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

FOLDERS = ["agent", "baseline", "collectors", "docs", "platform", "server-api", "snapshot", "tests"]

# check, file, what is added to it, what the complaint says
MISTAKES = [
    ("layers", "platform/text.c", '#include "snapshot/section.h"\n', "platform may not include"),
    ("layers", "snapshot/section.c", '#include "baseline/verdict.h"\n', "snapshot may not include"),
    ("layers", "baseline/judge.c", '#include "collectors/collector.h"\n', "baseline may not include"),
    ("layers", "server-api/server.h", '#include "collectors/registry.h"\n',
     "server-api may not include"),
    ("layers", "collectors/os_release.c", '#include "collectors/patch_level/patch_level.h"\n',
     "may not include another's"),
    ("layers", "baseline/judge.c", '#include "check.h"\n', "must start with its folder"),
    ("layers", "snapshot/section.c", "#include <cjson/cJSON.h>\n", "may include <cjson/cJSON.h>"),
    ("layers", "collectors/os_release.c", "#include <systemd/sd-bus.h>\n", "may include <systemd/"),
    ("layers", "platform/file.c", "#include <curl/curl.h>\n", "may include <curl/"),
    ("banned", "snapshot/section.c", "int x = atoi(text);\n", "use number_parse"),
    ("banned", "collectors/os_release.c", 'int x = open("/etc", 0);\n', "use platform/sysroot.h"),
    ("banned", "baseline/judge.c", "#ifdef NEVER\n#endif\n", "put the difference into platform/"),
    ("banned", "platform/file.c", "        goto out;\n", "use AUTO()"),
    ("collectors", "collectors/unheard_of.c", "\n", "unheard_of: it is not in registry.c"),
    ("words", "platform/file.c", "/* TO" "DO mend this */\n", "say why"),
    ("words", "docs/baseline.md", "as deb.debian" ".org has it\n", "mirror.example"),
    ("words", "docs/baseline.md", "see /wo" "rk/notes\n", "a path of one machine"),
    ("words", "docs/baseline.md", "a line that ends in white space \n", "white space"),
    ("scripts", "tests/support/broken", "#!/usr/bin/env bash\nif\n", "broken"),
    ("scripts", "tests/support/broken.py", "def broken(:\n", "SyntaxError"),
]


def main():
    root = pathlib.Path(sys.argv[1])
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for name in FOLDERS:
            shutil.copytree(root / name, copy / name,
                            ignore=shutil.ignore_patterns("fixtures", "corpus"))
        subprocess.run(["git", "init", "-q", copy], check=True)
        for check, name, mistake, complaint in MISTAKES:
            file = copy / name
            before = file.read_text() if file.exists() else None
            file.write_text((before or "") + mistake)
            if check in ("words", "scripts"): # these ask git for the files
                subprocess.run(["git", "-C", copy, "add", "-A"], check=True)
            result = subprocess.run([root / "tests/lint" / f"check_{check}", copy],
                                    capture_output=True, text=True, check=False)
            if result.returncode == 0 or complaint not in result.stdout + result.stderr:
                print(f"check_{check} does not see in {name}: {mistake}{result.stderr}")
                missed += 1
            if before is None:
                file.unlink()
            else:
                file.write_text(before)
    return 1 if missed else 0


sys.exit(main())
