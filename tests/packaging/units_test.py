"""The systemd units: what they may do, and that systemd understands them."""

import pathlib
import tempfile
import unittest

from support import PACKAGING, need, run

UNITS = PACKAGING / "systemd"
# At most; in tenths, as systemd-analyze takes it.
EXPOSURE = {"dijkwacht-collect": 27, "dijkwacht-upload": 15, "dijkwacht-receipts": 15,
            "dijkwacht-server": 15}


def values(unit, section, key):
    """Every value of a setting in a unit."""
    found, here = [], None
    for line in (UNITS / unit).read_text().splitlines():
        if line.startswith("["):
            here = line.strip("[]")
        elif here == section and line.partition("=")[0] == key:
            found.append(line.partition("=")[2])
    return found


def service(name, key):
    return values(f"{name}.service", "Service", key)


class Exposure(unittest.TestCase):
    def test_each_service_is_shut_in_well_enough(self):
        self.assertEqual({path.stem for path in UNITS.glob("*.service")}, set(EXPOSURE))
        for name, most in EXPOSURE.items():
            done = run("systemd-analyze", "security", "--offline=true", f"--threshold={most}",
                       "--no-pager", UNITS / f"{name}.service", check=False)
            print(done.stdout.strip().splitlines()[-1])
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_systemd_understands_every_unit(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in UNITS.glob("dijkwacht-*"):
                if path.suffix in (".service", ".timer", ".path"):
                    text = path.read_text().splitlines()
                    lines = ["ExecStart=/bin/true" if line.startswith("ExecStart=") else line
                             for line in text]
                    pathlib.Path(folder, path.name).write_text("\n".join(lines) + "\n")
            units = sorted(str(path) for path in pathlib.Path(folder).iterdir())
            self.assertEqual(len(units), 8)
            done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units,
                       check=False)
            self.assertNotIn("dijkwacht", done.stdout)
            self.assertEqual(done.returncode, 0, done.stdout)


class Collect(unittest.TestCase):
    name = "dijkwacht-collect"

    def test_has_two_capabilities_and_no_ip(self):
        for key in ("AmbientCapabilities", "CapabilityBoundingSet"):
            self.assertEqual(service(self.name, key), ["CAP_DAC_READ_SEARCH CAP_NET_ADMIN"])
        self.assertEqual(service(self.name, "IPAddressDeny"), ["any"])
        self.assertEqual(service(self.name, "IPAddressAllow"), [])
        self.assertEqual(service(self.name, "User"), [self.name])

    def test_nothing_hides_the_machine_that_it_looks_at(self):
        for key in ("PrivateNetwork", "PrivateUsers", "PrivateDevices", "ProtectClock",
                    "ProtectKernelModules", "NetworkNamespacePath", "RestrictSUIDSGID",
                    "RootDirectory", "DynamicUser"):
            self.assertEqual(service(self.name, key), [], key)
        self.assertEqual(service(self.name, "ProtectProc"), ["default"])
        self.assertEqual(service(self.name, "ProcSubset"), ["all"])
        self.assertEqual(service(self.name, "DeviceAllow"), ["block-* r"])

    def test_reaches_neither_the_uploaders_key_nor_its_answers_folder(self):
        self.assertEqual(service(self.name, "InaccessiblePaths"), ["-/var/lib/dijkwacht/tls"])
        self.assertEqual(sorted(service(self.name, "ReadWritePaths")[0].split()),
                         [f"-/var/lib/dijkwacht/{folder}"
                          for folder in ("collect", "outbox", "public")])


class Upload(unittest.TestCase):
    name = "dijkwacht-upload"

    def test_has_no_capability_and_writes_into_its_own_folders_only(self):
        self.assertEqual(service(self.name, "CapabilityBoundingSet"), [""])
        self.assertEqual(service(self.name, "AmbientCapabilities"), [""])
        self.assertEqual(service(self.name, "ReadWritePaths"),
                         ["-/var/lib/dijkwacht/receipts -/var/lib/dijkwacht/tls"])
        self.assertEqual(service(self.name, "InaccessiblePaths"), ["-/var/lib/dijkwacht/collect"])
        self.assertEqual(service(self.name, "User"), [self.name])


class Order(unittest.TestCase):
    def test_nothing_runs_before_the_machine_is_enrolled(self):
        for step in ("collect", "upload", "receipts"):
            self.assertIn("/etc/dijkwacht/enrolment.json",
                          values(f"dijkwacht-{step}.service", "Unit", "ConditionPathExists"))

    def test_one_step_starts_the_next(self):
        for step, after in (("collect", "upload"), ("upload", "receipts")):
            self.assertEqual(values(f"dijkwacht-{step}.service", "Unit", "OnSuccess"),
                             [f"dijkwacht-{after}.service"])

    def test_only_what_wakes_the_steps_is_enabled(self):
        enabled = {path.name for path in UNITS.iterdir() if "[Install]" in path.read_text()}
        self.assertEqual(enabled, {"dijkwacht-collect.timer", "dijkwacht-upload.timer",
                                   "dijkwacht-changes.path", "dijkwacht-server.service"})

    def test_a_change_starts_the_time_to_settle(self):
        self.assertEqual(values("dijkwacht-changes.path", "Path", "Unit"),
                         ["dijkwacht-settle.timer"])
        self.assertIn("/var/lib/dpkg/status",
                      values("dijkwacht-changes.path", "Path", "PathChanged"))
        self.assertEqual(values("dijkwacht-settle.timer", "Timer", "OnActiveSec"), ["90"])
        self.assertEqual(values("dijkwacht-settle.timer", "Timer", "Unit"),
                         ["dijkwacht-collect.service"])
        for line in (UNITS / "90-dijkwacht.rules").read_text().splitlines():
            if not line.startswith("#"):
                self.assertIn('ENV{SYSTEMD_WANTS}+="dijkwacht-settle.timer"', line)
                self.assertIn('TAG+="systemd"', line)


if __name__ == "__main__":
    need("systemd-analyze")
    unittest.main()
