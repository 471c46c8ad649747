"""The shipped unit: systemd finds nothing wrong with it, its exposure stays low, and nothing in it is decoration."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from detector.control.sd_notify import Systemd
from detector.control.systemd_unit import command_path, unit_for
from tests.rig.processes import needs

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "systemd" / "turntoward.service"
NETWORK = ROOT / "systemd" / "turntoward-network.conf"
DECISION = ROOT / "docs" / "dev" / "decisions" / "systemd-hardening.md"
MOST_EXPOSED = 6.1
"""What an unprivileged manager can enforce ends here: the rest of the scale counts namespaces and capabilities."""

STARTS_NOT = ("CapabilityBoundingSet", "ProtectKernelLogs", "ProtectKernelModules", "ProtectClock", "PrivateDevices")
IGNORED_OR_WORSE = (
    "ProtectSystem",
    "ProtectHome",
    "PrivateTmp",
    "PrivateUsers",
    "PrivateNetwork",
    "ProtectProc",
    "ProcSubset",
    "ProtectHostname",
    "ProtectKernelTunables",
    "ProtectControlGroups",
    "ReadWritePaths",
    "ReadOnlyPaths",
    "InaccessiblePaths",
    "TemporaryFileSystem",
    "IPAddressDeny",
    "RestrictFileSystems",
    "DevicePolicy",
    "RemoveIPC",
    "DynamicUser",
    "RootDirectory",
)


def directives(text: str) -> list[tuple[str, str]]:
    found = re.findall(r"^([A-Za-z]+)=(.*)$", text, re.MULTILINE)
    return [(name, value) for name, value in found]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    path = tmp_path / "turntoward.service"
    path.write_text(unit_for(command_path()))
    return path


def analyse(*arguments: str) -> subprocess.CompletedProcess[str]:
    needs("systemd-analyze")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_systemd_finds_nothing_to_say_about_the_unit(installed: Path) -> None:
    done = analyse("verify", "--user", str(installed))
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


def test_verify_would_say_something_about_a_wrong_unit(installed: Path) -> None:
    installed.write_text(installed.read_text().replace("WatchdogSec=", "WatchdogSeconds="))
    assert "WatchdogSeconds" in analyse("verify", "--user", str(installed)).stderr


@pytest.fixture
def opened(installed: Path) -> Path:
    """Return the unit's drop-in, beside the unit."""
    folder = installed.with_name("turntoward.service.d")
    folder.mkdir()
    (folder / "network.conf").write_text(NETWORK.read_text())
    return folder / "network.conf"


def test_systemd_finds_nothing_to_say_about_the_unit_with_its_drop_in(installed: Path, opened: Path) -> None:
    assert opened.exists()
    done = analyse("verify", "--user", str(installed))
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


def test_verify_would_say_something_about_a_wrong_drop_in(installed: Path, opened: Path) -> None:
    opened.write_text(opened.read_text().replace("AddressFamilies", "AdressFamilies").replace("AF_INET6", "AF_INTE6"))
    assert "RestrictAdressFamilies" in analyse("verify", "--user", str(installed)).stderr


def test_the_drop_in_opens_the_network_and_loosens_nothing_else() -> None:
    families = [value for name, value in directives(SHIPPED.read_text()) if name == "RestrictAddressFamilies"]
    assert families == ["AF_UNIX"]
    assert directives(NETWORK.read_text()) == [("RestrictAddressFamilies", "AF_INET AF_INET6")]


def test_the_exposure_stays_low(installed: Path) -> None:
    done = analyse(
        "security", "--user", "--offline=yes", "--no-pager", f"--threshold={round(MOST_EXPOSED * 10)}", str(installed)
    )
    print(done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout


def test_nothing_in_the_unit_is_decoration() -> None:
    names = {name for name, _ in directives(SHIPPED.read_text())}
    assert not names & {*STARTS_NOT, *IGNORED_OR_WORSE}


def test_each_line_of_hardening_is_explained() -> None:
    explained = DECISION.read_text()
    hardening = SHIPPED.read_text().partition("# It works seconds a day")[2].partition("[Install]")[0]
    missing = sorted({name for name, _ in directives(hardening) if f"`{name}=" not in explained})
    assert missing == []


def test_what_was_left_out_is_named() -> None:
    explained = DECISION.read_text()
    assert [name for name in STARTS_NOT if f"`{name}=" not in explained] == []


def test_the_command_is_put_in_with_its_awkward_letters_quoted() -> None:
    unit = unit_for(Path("/home/a b/100%/$x/turntoward"))
    assert 'ExecStart="/home/a b/100%%/$$x/turntoward" run' in unit.splitlines()


def test_the_watchdog_is_fed_often_enough_and_seldom_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    (seconds,) = (value for name, value in directives(SHIPPED.read_text()) if name == "WatchdogSec")
    assert seconds == "3min"
    monkeypatch.setenv("WATCHDOG_USEC", str(180 * 1_000_000))
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert Systemd().watchdog == 90.0
