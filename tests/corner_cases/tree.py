"""A folder that stands for the root of a machine, filled by what an entry declares."""
import pathlib


class Declaration(Exception):
    """An entry says something that there is not."""


def refuse_unknown(given, known, where):
    """A name that nobody knows is a mistake in the entry, not something to pass over."""
    for name in given:
        if name not in known:
            raise Declaration(f'{where} has "{name}"; known are {", ".join(sorted(known))}')


def merged(base, change):
    """base with change laid over it: objects name by name, null takes away."""
    if not (isinstance(base, dict) and isinstance(change, dict)):
        return change
    result = dict(base)
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(base[name], value) if name in base else value
    return result


class Tree:
    """Paths are those of the machine, from its root on."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def path(self, path):
        full = self.folder / path.lstrip("/")
        full.parent.mkdir(parents=True, exist_ok=True)
        return full

    def write(self, path, content):
        data = content if isinstance(content, bytes) else content.encode()
        self.path(path).write_bytes(data)

    def line(self, path, content):
        """As sysfs has them: one value and a line end."""
        self.write(path, f"{content}\n")

    def link(self, path, target):
        self.path(path).symlink_to(target)

    def make_folder(self, path):
        self.path(path).mkdir(parents=True, exist_ok=True)

    def declare(self, path, content):
        """A file as entries write it: text, a list of lines, a link, or a folder."""
        full = self.path(path)
        if full.is_symlink() or full.is_file():
            full.unlink()
        if isinstance(content, str):
            self.write(path, content)
        elif isinstance(content, list):
            self.write(path, "".join(f"{line}\n" for line in content))
        elif content == {"folder": True}:
            self.make_folder(path)
        elif isinstance(content, dict) and set(content) == {"link"}:
            self.link(path, content["link"])
        else:
            raise Declaration(f"{path} is no text, list of lines, link or folder")

    def make_unreadable(self, path):
        """For everyone but root; the collector then runs as nobody."""
        self.path(path).resolve().chmod(0)
