"""The daemon's commands as a person uses them: run --offer, status, doctor, service."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli import turntoward
from detector.control.lock import Lock, running_pid, running_status
from detector.control.systemd_unit import write_desktop_files
from detector.errors import UserError
from detector.notifier.safe_text import ICON
from detector.paths import rules_dir
from detector.rulebook.fingerprint import fingerprint
from tests.rig.bus import Dunst
from tests.rig.processes import until
from tests.rig.x11 import Desktop

COMMAND = Path(sys.executable).parent / "turntoward"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(turntoward, list(arguments))


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")


def test_status_without_a_daemon_says_so() -> None:
    done = run("status")
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "Turntoward is not running; `turntoward run` starts it.",
        "No partner time is declared; `turntoward add --help` shows how.",
    ]
    assert json.loads(run("status", "--json").output)["running"] is False


def test_status_shows_what_the_daemon_last_published() -> None:
    with Lock() as lock:
        lock.publish(
            json.dumps(
                {
                    "partner_time": "Dinner",
                    "until": "2031-01-01T20:00:00+00:00",
                    "senses": {"focus": "x11_focus", "session": None},
                    "problems": ["quick.toml:1: no"],
                }
            )
        )
        lines = run("status").output.splitlines()
    assert lines[0].startswith("Turntoward is running (process ")
    assert lines[1].startswith("Dinner is under way until ")
    assert lines[2:] == [
        "It senses focus (x11_focus).",
        "Not sensed: session; `turntoward doctor` says why.",
        "A problem: quick.toml:1: no",
    ]


def status_lines(**published: object) -> list[str]:
    """Return what `status` says of a daemon in partner time that published this."""
    state = {"partner_time": "Dinner", "until": "2031-01-01T20:00:00+00:00", "sensing": "all"} | published
    with Lock() as lock:
        lock.publish(json.dumps(state))
        return run("status").output.splitlines()[2:]


@pytest.mark.parametrize(
    ("reason", "until", "said"),
    [
        ("dismissed_twice", None, "No nudge is shown until it ends: enough nudges were closed."),
        ("budget", None, "No nudge is shown until it ends: its number of nudges is used up."),
        ("quiet_week", None, "No nudge is shown until it ends: it is the quiet week."),
        (
            "cool_down",
            "2030-12-31T21:00:00+00:00",
            "No nudge is shown before Tue 31 Dec, 21:00: there was one a short while ago.",
        ),
        ("cool_down", "2026-01-01T00:00:00+00:00", None),
        (None, None, None),
    ],
)
def test_status_says_why_no_nudge_is_shown_and_until_when(
    reason: str | None, until: str | None, said: str | None
) -> None:
    lines = status_lines(quiet_reason=reason, quiet_until=until, senses={"focus": "x11_focus"})
    assert lines == [*([said] if said else []), "It senses focus (x11_focus)."]


def test_status_says_first_which_phones_are_heard() -> None:
    phones = [{"name": "my phone", "through_door": True, "spoke": True, "speaks": None, "adb": None}]
    lines = status_lines(phones=phones, senses={"session": "logind", "focus": None})
    assert lines[0] == "Phones that report: my phone."
    assert lines[1] == "It senses session (logind)."
    assert status_lines(phones=phones, senses={"focus": None})[1] == "Nothing of this device is sensed."
    # A device without a screen is a setting, and nothing about it is missing.
    assert status_lines(phones=phones, senses={}, has_screen=False) == ["Phones that report: my phone."]


def test_status_says_that_nothing_is_sensed_where_the_start_could_not_be_shown() -> None:
    phones = [{"name": "my phone", "through_door": True, "spoke": None, "speaks": None, "adb": None}]
    said = " ".join(status_lines(sensing="nothing", why_nothing="freedesktop: no server", senses={}, phones=phones))
    assert "Nothing is sensed: its start could not be shown to anybody (freedesktop: no server)." in " ".join(
        said.split()
    )
    assert "Phones that report" not in said


def test_status_without_a_daemon_says_that_a_partner_time_is_under_way_all_the_same(home: Path) -> None:
    assert run("now", "30min").exit_code == 0
    output = run("status").output.splitlines()
    assert output[0] == "Turntoward is not running; `turntoward run` starts it."
    assert " is under way until " in output[1]
    assert " ".join(" ".join(output[1:]).split()).endswith("Nothing is sensed, because Turntoward is not running.")
    assert json.loads(run("status", "--json").output)["under_way"]["until"]
    assert run("stop").exit_code == 0
    assert "1 partner time is declared; `turntoward list` shows it." in run("status").output


def test_status_says_when_the_rule_files_changed_during_a_session() -> None:
    def says(rule_files: str | None) -> bool:
        with Lock() as lock:
            lock.publish(json.dumps({"rule_files": rule_files}))
            changed: bool = json.loads(run("status", "--json").output)["rules_changed"]
            output = "The rule files changed; that counts from the next partner time on." in run("status").output
            assert output == changed
            return changed

    rules_dir().mkdir(parents=True)
    before = fingerprint(rules_dir())
    assert not says(before)
    (rules_dir() / "own.toml").write_text("[[rule]]\n")
    assert says(before)
    assert not says(fingerprint(rules_dir()))
    assert not says(None), "no session runs"


def test_status_of_a_daemon_that_has_published_nothing_does_not_fail() -> None:
    with Lock() as lock:
        lock.publish("{ half")
        assert run("status").exit_code == 0


def test_status_imports_nothing_heavy() -> None:
    asked = (
        "import sys\nfrom detector.cli import turntoward\n"
        "turntoward(['status'], standalone_mode=False)\n"
        "print(sorted({'asyncio', 'dbus_fast', 'sqlite_utils', 'apscheduler', 'dateutil', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("answer", "declared"), [("\n\n", 1), ("n\n", 0)])
def test_run_offer_asks_on_a_terminal(home: Path, answer: str, declared: int) -> None:
    ours, theirs = pty.openpty()
    log = home / "log"
    with log.open("wb") as file:
        daemon = subprocess.Popen([str(COMMAND), "run", "--offer"], stdin=theirs, stdout=file, stderr=file)
    try:
        until(lambda: "for 30 minutes?" in log.read_text(), what="the offer")
        os.write(ours, answer.encode())
        until(lambda: json.loads(running_status() or "{}").get("started"), what="the daemon")
        state = json.loads(running_status() or "{}")
        assert (state["partner_time"] is not None) == bool(declared)
    finally:
        daemon.send_signal(signal.SIGINT)
        assert daemon.wait(10) == 0
        os.close(ours)
        os.close(theirs)


def test_run_offer_asks_nothing_without_a_terminal(home: Path) -> None:
    log = home / "log"
    with log.open("wb") as file:
        daemon = subprocess.Popen([str(COMMAND), "run", "--offer"], stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        until(running_pid, what="the daemon")
        assert "30 minutes" not in log.read_text()
    finally:
        daemon.terminate()
        daemon.wait(10)


def test_doctor_gives_the_reason_for_each_missing_sense() -> None:
    done = run("doctor")
    assert done.exit_code == 0
    assert "x11_focus: it is for X11, and this session is a text console" in done.output
    assert "It does not run; `turntoward run` starts it." in done.output
    assert "no   print: the daemon does not run" in done.output
    assert max(map(len, done.output.splitlines())) <= 80


def test_doctor_names_what_is_wrong_with_settings_and_rules(home: Path) -> None:
    config = home / ".config/turntoward"
    (config / "rules").mkdir(parents=True)
    (config / "config.toml").write_text("[polcy]\n")
    (config / "rules/mine.toml").write_text('[[rule]]\ncode = "X1"\nwhen = "dwel >= 1 s"\n')
    problems = "\n".join(json.loads(run("doctor", "--json").output)["problems"])
    assert "polcy" in problems
    assert "mine.toml" in problems


@pytest.mark.real
def test_doctor_on_a_desktop_finds_its_sensors_and_its_notifier(
    x_desktop: Desktop, dunst: Dunst, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "XDG_SESSION_TYPE", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.setenv(name, dunst.env[name])
    found = json.loads(run("doctor", "--json").output)
    sensed = {each["sense"]: each["sensor"] for each in found["senses"]}
    assert (sensed["focus"], sensed["idle"], sensed["input"]) == ("x11_focus", "x11_idle", "pynput_input")
    assert next(each["name"] for each in found["speakers"] if each["usable"]) == "freedesktop"
    assert dunst.displayed() == 0


def test_doctor_shows_a_damaged_store_and_leaves_it(home: Path) -> None:
    kept = home / ".local/share/turntoward/turntoward.sqlite"
    kept.parent.mkdir(parents=True, mode=0o700)
    kept.write_bytes(b"no database" * 1000)
    found = json.loads(run("doctor", "--json").output)
    assert str(kept) in found["store_problem"]
    assert kept.read_bytes() == b"no database" * 1000


@pytest.fixture
def no_systemctl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_systemctl")
def test_service_install_writes_the_unit_and_prints_the_commands_left(home: Path) -> None:
    done = run("service", "install")
    assert done.exit_code == 0, done.output
    unit = home / ".config/systemd/user/turntoward.service"
    assert f'ExecStart="{COMMAND}" run' in unit.read_text().splitlines()
    assert "systemctl --user enable turntoward.service" in done.output
    assert run("service", "install").exit_code == 0
    assert json.loads(run("doctor", "--json").output)["service"] == str(unit)
    assert run("service", "uninstall").exit_code == 0
    assert not unit.exists()
    assert "no service" in run("service", "uninstall").output


@pytest.mark.usefixtures("no_systemctl")
def test_service_install_adds_the_icon_of_nudges_and_uninstall_removes_it(home: Path) -> None:
    entry = home / ".local/share/applications/turntoward.desktop"
    icon = home / ".local/share/icons/hicolor/scalable/apps/turntoward.svg"
    run("service", "install")
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(entry)
    about = parser["Desktop Entry"]
    assert (about["Type"], about["Name"], about["Icon"]) == ("Application", "Turntoward", "turntoward")
    # Where the program is not found, desktops ignore the entry, whatever the PATH of the session is.
    assert Path(shlex.split(about["Exec"])[0]).is_file()
    assert icon.read_bytes() == ICON.read_bytes()
    run("service", "install")
    run("service", "uninstall")
    assert not entry.exists()
    assert not icon.exists()


def test_the_desktop_entry_quotes_a_path_with_awkward_letters(home: Path) -> None:
    write_desktop_files(Path('/a b/100%/$x/`y`/"z"/\\/turntoward'))
    written = (home / ".local/share/applications/turntoward.desktop").read_text()
    # As the specification has it: once for the argument, and once for the value of the key.
    quoted = r'"/a b/100%%/\\$x/\\`y\\`/\\"z\\"/\\\\/turntoward"'
    assert f"Exec={quoted} doctor" in written.splitlines()


@pytest.mark.usefixtures("no_systemctl")
def test_service_install_leaves_foreign_desktop_files_unchanged(home: Path) -> None:
    entry = home / ".local/share/applications/turntoward.desktop"
    entry.parent.mkdir(parents=True)
    entry.write_text("[Desktop Entry]\nName=Mine\n")
    run("service", "install")
    run("service", "uninstall")
    assert entry.read_text() == "[Desktop Entry]\nName=Mine\n"


@pytest.mark.usefixtures("no_systemctl")
@pytest.mark.parametrize("is_found", [True, False])
def test_service_install_says_how_to_put_the_command_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_found: bool
) -> None:
    if is_found:
        (tmp_path / "turntoward").symlink_to(COMMAND)
    monkeypatch.setattr("sys.argv", [f"{COMMAND.parent}/../bin/turntoward"])
    output = run("service", "install").output
    assert (f'\n  export PATH="{COMMAND.parent}:$PATH"\n' in output) != is_found


@pytest.mark.usefixtures("no_systemctl")
def test_service_install_leaves_a_foreign_unit_unchanged(home: Path) -> None:
    unit = home / ".config/systemd/user/turntoward.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    for word in ("install", "uninstall"):
        assert isinstance(run("service", word).exception, UserError)
    assert unit.read_text() == "[Service]\nExecStart=/bin/true\n"


@pytest.mark.parametrize("word", ["run", "status", "doctor", "service", "replay", "try"])
def test_every_help_has_an_example_and_fits(word: str) -> None:
    done = run(word, "--help")
    assert "Example: turntoward" in done.output
    assert max(map(len, done.output.splitlines())) <= 80
