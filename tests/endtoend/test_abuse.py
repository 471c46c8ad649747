"""Attempts to make the device watch in secret, by somebody who has it for ten minutes: each is prevented, refused or announced.

One test for each attempt, named after what must hold. docs/evidence.md, "Against surveillance", is what they prove.
"""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from Xlib.display import Display

from detector.clock import SystemClock
from detector.control.lock import running_pid
from detector.daemon.session import START_TOLERANCE
from detector.sensors.x11_sync import IdleCounter
from tests.endtoend.conftest import Begin
from tests.endtoend.evening import COMMAND, Evening
from tests.endtoend.test_phone import pair
from tests.endtoend.traces import below, traces
from tests.rig.activitywatch_history import CANARY_TITLE, CANARY_URL, days
from tests.rig.phone import HttpPhone, free_port
from tests.rig.phone_browser import PhoneBrowser
from tests.rig.processes import started, until

pytestmark = pytest.mark.real
CHANGES = (("now", "30min"), ("add", "Dinner", "--every", "day", "--from", "3:00", "--for", "1h", "--yes"))
ALL = (
    *CHANGES,
    ("pause", "30min"),
    ("resume",),
    ("stop",),
    ("forget", "15min"),
    ("forget", "--all", "--yes"),
    ("list",),
)
APP, SITE = "zotero-canary", "Canary Cottage"


def folder(evening: Evening, name: str) -> dict[str, str]:
    """Make a folder in the home, for a variable of the environment."""
    path = evening.home / name
    path.mkdir(mode=0o700)
    return {"XDG_RUNTIME_DIR" if name.startswith("run") else "XDG_DATA_HOME": str(path)}


def test_a_command_refuses_to_change_another_store_than_the_daemon_uses(evening_with: Begin) -> None:
    evening = evening_with(has_store=False)
    other = folder(evening, "elsewhere")
    theirs, ours = f"{other['XDG_DATA_HOME']}/turntoward/turntoward.sqlite", str(evening.store)
    evening.run(env=other)
    evening.run_command("now", "30min", env=other)
    until(evening.is_sensed, what="everything is sensed")
    for command in ALL:
        output = evening.run_command(*command, code=1)
        assert theirs in output, command
        assert ours in output, command
    assert not evening.store.exists()
    assert evening.is_sensed()
    for command in ("status", "doctor"):
        output = evening.run_command(command).replace("~", str(evening.home))
        assert theirs in output
        assert ours in output
    # What the refusal says to type acts on the daemon.
    assert "Paused until" in evening.run_command("pause", "30min", env=other)
    until(lambda: not evening.senses(), what="nothing is sensed")
    evening.run_command("forget", "--all", "--yes", env=other)
    until(lambda: evening.status().get("partner_time") is None, what="partner time is over")


def test_there_is_one_daemon_for_each_store_by_whatever_path_and_from_whatever_runtime_folder(evening: Evening) -> None:
    first = evening.run()
    elsewhere = folder(evening, "run-elsewhere")
    linked = evening.home / "linked"
    linked.symlink_to(evening.home / ".local/share")
    dotted = f"{evening.home}/.local/../.local//share"
    for data in (None, str(linked), dotted):
        env = elsewhere | ({} if data is None else {"XDG_DATA_HOME": data})
        assert evening.attempt(env=env).wait(30) == 1
    assert evening.daemon_output().count(f"already running (process {first.pid})") == 3
    assert str(evening.home / "run") in evening.daemon_output()
    assert first.poll() is None
    # Neither can a second name of the file be had, by which SQLite would keep a second log.
    first.send_signal(signal.SIGTERM)
    first.wait(10)
    (evening.home / "elsewhere/turntoward").mkdir(parents=True)
    os.link(evening.store, evening.home / "elsewhere/turntoward/turntoward.sqlite")
    assert evening.attempt(env=elsewhere | {"XDG_DATA_HOME": str(evening.home / "elsewhere")}).wait(30) == 1
    assert "a hard link" in evening.daemon_output()


def remove_locks(evening: Evening) -> tuple[Path, ...]:
    paths = (evening.lock, evening.store.with_name(evening.store.name + ".lock"))
    for path in paths:
        path.unlink()
    return paths


def test_locks_that_somebody_removes_are_restored_and_a_second_daemon_is_refused(evening: Evening) -> None:
    first = evening.run()
    evening.begin()
    removed = remove_locks(evening)
    # What the daemon does by itself within 30 s in partner time, and within a minute at other times.
    first.send_signal(signal.SIGHUP)
    for path in removed:
        until(lambda path=path: running_pid(path) == first.pid, what=f"{path} is held again")
    assert evening.attempt().wait(30) == 1
    assert f"already running (process {first.pid})" in evening.daemon_output()
    assert evening.is_sensed()
    evening.over()
    assert first.poll() is None


def test_a_daemon_that_finds_its_removed_locks_taken_by_another_ends(evening: Evening) -> None:
    first = evening.run()
    remove_locks(evening)
    # On the same session bus its name there would refuse the second one.
    second = evening.attempt(env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"})
    until(lambda: running_pid(evening.lock) == second.pid, what="the second daemon")
    first.send_signal(signal.SIGHUP)
    assert first.wait(30) == 1
    assert (
        evening.daemon_output().count(f"another turntoward (process {second.pid}) has started since; this one ends")
        == 1
    )
    assert "Traceback" not in evening.daemon_output()
    assert evening.status()["running"]


def test_a_daemon_in_another_runtime_folder_is_found_and_heeds_commands(evening: Evening) -> None:
    elsewhere = folder(evening, "run-elsewhere")
    daemon = evening.attempt(env=elsewhere)
    until(
        lambda: f"process {daemon.pid}" in evening.run_command("status"),
        what=f"the daemon; it said {evening.daemon_output()}",
    )
    assert elsewhere["XDG_RUNTIME_DIR"] in evening.run_command("status")
    assert "is not running" not in evening.run_command("now", "30min")
    until(lambda: "under way" in evening.run_command("status"), what="partner time")
    assert "is not running" not in evening.run_command("pause", "30min")
    until(lambda: "Paused until" in evening.run_command("status"), what="the pause")


def test_a_second_daemon_with_its_own_folders_is_refused_in_the_same_session(
    evening: Evening,
) -> None:
    elsewhere = folder(evening, "run-elsewhere") | folder(evening, "elsewhere")
    hidden = evening.attempt(env=elsewhere)
    until(lambda: "is running" in evening.run_command("status", env=elsewhere), what="the hidden one")
    until(lambda: f"process {hidden.pid}" in evening.run_command("doctor"), what="`doctor` names it")
    assert evening.attempt().wait(30) == 1
    assert f"already running (process {hidden.pid})" in evening.daemon_output()
    # What `doctor` says ends it, and then the person's own can run.
    hidden.terminate()
    assert hidden.wait(10) == 0
    evening.run()


def test_without_a_terminal_what_is_in_front_is_said_once_and_without_names(evening: Evening, tmp_path: Path) -> None:
    evening.desktop.xterm(SITE, wm_class=APP)
    log = tmp_path / "log"
    for options in ((), ("--json",), ("--once",)):
        with log.open("ab") as file:
            done = subprocess.run(
                [str(COMMAND), "what", *options],
                env=evening.env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.PIPE,
                timeout=60,
                check=True,
            )
        assert APP.encode() not in done.stderr
    output = log.read_text()
    assert len(output.splitlines()) == 3
    assert output.count("reading") == 3
    assert APP not in output
    assert SITE not in output


LOOKS_BRIEFLY = """
from datetime import timedelta
from detector import cli
from detector.cli.what import what
what.LIVE_TIME = timedelta(seconds=5)
cli.main()
"""


def test_the_live_view_ends_by_itself_and_says_only_what_would_be_kept(evening_with: Begin) -> None:
    evening = evening_with()
    evening.desktop.xterm(SITE, wm_class=APP)
    ours, theirs = pty.openpty()
    with started(
        [sys.executable, "-c", LOOKS_BRIEFLY, "what"], env=evening.env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as live:
        os.close(theirs)
        assert live.wait(60) == 0
    output = os.read(ours, 65536).decode()
    os.close(ours)
    assert "  reading" in output
    assert "It ends after 5 s" in output
    assert APP not in output
    assert SITE not in output


NEVER_SPEAKS = '[policy]\nbudget = 0\n[rituals]\nheads_up = "0 s"\n[notifications]\ngreeting = false\n'


def senses_nothing(evening: Evening) -> bool:
    """Tell whether the start could not be shown, and nothing is kept but that partner time began."""
    status = evening.status()
    return (
        status.get("sensing") == "nothing"
        and status.get("why_nothing")
        and set(evening.kinds()) == {"PartnerTimeBegan"}
    )


@pytest.mark.parametrize("only", ['["plyer"]', '["plyer", "print"]', '["notify-send", "print"]'])
def test_no_setting_silences_the_start_of_partner_time(evening_with: Begin, only: str) -> None:
    evening = evening_with(config=f"{NEVER_SPEAKS}only = {only}\n")
    evening.run()
    evening.begin("24h")
    assert evening.read_greeting().summary.startswith("Turntoward: Partner time until ")


def test_in_the_quiet_week_the_start_is_shown(evening: Evening) -> None:
    evening.run_command("quiet-week", "start")
    evening.run()
    evening.begin()
    assert "Partner time until " in evening.read_greeting().summary


NEVER_TRIES_AGAIN = """
from datetime import timedelta
from detector import cli
from detector.daemon import start_notice
start_notice.FIRST_RETRY = timedelta(hours=1)
cli.main()
"""


def test_nothing_is_sensed_where_no_notifier_can_show_the_start(evening: Evening) -> None:
    evening.dunst.stop()
    evening.run(sys.executable, "-c", NEVER_TRIES_AGAIN, "run")
    evening.run_command("now", "24h")
    until(lambda: senses_nothing(evening), what=f"nothing is sensed; its output: {evening.daemon_output()}")
    began = time.monotonic()
    evening.feed()
    evening.desktop.scroll(5)
    for command in ("status", "doctor"):
        output = " ".join(evening.run_command(command).split())
        assert "Nothing is sensed: its start could not be shown" in output or command == "doctor"
        assert "that partner time has begun could not be shown" in output or command == "status"
        assert "there is no notification server" in output
    # `doctor` asks for the daemon's own terminal, and the programs that it would call for their server.
    doctor = " ".join(evening.run_command("doctor").split())
    for name in ("freedesktop", "notify-send"):
        assert f"no {name}: there is no notification server on the session bus" in doctor
    assert "no print: the daemon's output is not a terminal" in doctor
    assert "nothing is sensed: that partner time has begun could not be shown" in evening.daemon_output()
    assert senses_nothing(evening)
    # What lasts no longer than the tolerance is no gap.
    until(lambda: time.monotonic() - began > 1.5 * START_TOLERANCE.total_seconds(), what="the time of a gap")
    # A server that appears is the only reason to try again: the next try would be in an hour.
    evening.dunst.start()
    until(evening.is_sensed, what=f"everything is sensed; its output: {evening.daemon_output()}")
    assert "Partner time until " in evening.read_greeting().summary
    # The status is written before the row is committed.
    (gap,) = until(lambda: evening.rows("SELECT fields FROM observations WHERE kind = 'Gap'"), what="the gap")
    assert '"not_shown"' in gap["fields"]


def test_a_start_written_to_a_log_file_or_a_pipe_is_not_shown(evening: Evening) -> None:
    del evening.env["DBUS_SESSION_BUS_ADDRESS"]
    daemon = evening.run()
    evening.run_command("now", "24h")
    until(lambda: senses_nothing(evening), what=f"nothing is sensed; its output: {evening.daemon_output()}")
    # Nor is it after a restart, and the end says that of all of it nothing is known.
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(15)
    evening.run()
    until(lambda: evening.status().get("why_nothing"), what="nothing is sensed after the restart")
    evening.over()
    assert set(evening.kinds()) == {"PartnerTimeBegan", "Gap", "PartnerTimeEnded"}


def test_under_do_not_disturb_nothing_is_sensed_until_the_start_was_shown(evening: Evening) -> None:
    evening.dunst.pause()
    evening.run()
    evening.run_command("now", "24h")
    until(lambda: senses_nothing(evening), what=f"nothing is sensed; its output: {evening.daemon_output()}")
    assert "Do Not Disturb is on" in " ".join(evening.run_command("status").split())
    evening.dunst.pause(False)
    until(evening.is_sensed, what="everything is sensed")
    assert "Partner time until " in evening.read_greeting().summary


def is_idle_for(evening: Evening, seconds: float) -> bool:
    """Tell whether nobody has touched the device for more than `seconds`, by the X server's own count."""
    display = Display(evening.desktop.display)
    try:
        return IdleCounter(display).read().total_seconds() > seconds
    finally:
        display.close()


def test_after_idleness_the_start_is_shown_again(evening_with: Begin) -> None:
    evening = evening_with(config='[attention]\nidle_after = "10 s"\n[notifications]\nexpires = "5 s"\n')
    evening.run()
    until(lambda: is_idle_for(evening, 11), what="nobody is there")
    evening.run_command("now", "24h")
    until(
        lambda: evening.status().get("sensing") == "presence",
        what=f"nobody is there; its output: {evening.daemon_output()}",
    )
    assert evening.senses().keys() <= {"idle", "session", "quiet"}
    assert "Nobody has been at this device since it began" in evening.run_command("status")
    # Longer than a notification is shown, and the watch for what servers forget to close: it is not withdrawn.
    until(lambda: is_idle_for(evening, 23), what="nobody is there for longer")
    assert evening.dunst.displayed() == 1
    assert set(evening.kinds()) <= {"PartnerTimeBegan", "SensorStarted", "WentIdle", "QuietEnded", "Focused"}
    evening.desktop.click()
    until(evening.is_sensed, what=f"everything is sensed; its output: {evening.daemon_output()}")
    greeting = evening.read_greeting()
    assert greeting.timeout_s == 5
    tomorrow = (SystemClock().now() + timedelta(hours=24)).strftime("%A")
    assert f"Partner time until {tomorrow}, " in greeting.summary


def test_a_desktop_that_is_said_to_have_no_screen_is_not_sensed(evening_with: Begin) -> None:
    evening = evening_with(config="[notifications]\nscreen = false\n")
    evening.run()
    evening.run_command("now", "24h")
    until(lambda: evening.status().get("partner_time"), what="partner time")
    evening.feed()
    evening.desktop.scroll(5)
    output = evening.run_command("status")
    assert (evening.senses(), set(evening.kinds())) == ({}, {"PartnerTimeBegan"})
    assert "sense" not in output
    assert "This device has no screen, by your settings" in evening.run_command("doctor")


def test_after_a_restart_within_partner_time_the_start_is_shown_again(evening: Evening) -> None:
    daemon = evening.run()
    evening.begin("24h")
    evening.read_greeting()
    evening.kill(daemon)
    evening.run()
    until(evening.is_sensed, what="everything is sensed again")
    assert "Partner time until " in evening.read_greeting().summary


def test_a_calendar_that_is_accepted_from_now_on_declares_nothing_of_another_kind(evening: Evening) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    file = evening.home / "ours.ics"

    def write(*events: str) -> None:
        file.write_text("\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *events, "END:VCALENDAR", ""]))

    def event(uid: str, title: str, hours: int, *more: str) -> str:
        begins, ends = tomorrow, tomorrow + timedelta(hours=hours)
        times = (f"DTSTART:{begins:%Y%m%dT%H%M%SZ}", f"DTEND:{ends:%Y%m%dT%H%M%SZ}")
        return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{title} #us", *times, *more, "END:VEVENT"])

    write(event("1", "Dinner", 1))
    evening.run()
    assert "1 is accepted" in evening.run_command("calendar", "subscribe", str(file), "--accept", "--yes")
    daily = "RRULE:FREQ=DAILY"
    for other in (
        event("1", SITE, 1),
        event("1", "Dinner", 24),
        event("1", "Dinner", 1, daily),
        event("1", SITE, 24, daily),
    ):
        write(other)
        output = evening.run_command("calendar", "refresh")
        assert "1 proposal waits for your answer" in output
        assert SITE not in evening.run_command("list")
        (declared,) = json.loads(evening.run_command("list", "--json"))["partner_times"]
        assert (declared["title"], declared["lasts_seconds"], declared["recurrence"]) == ("Dinner", 3600, None)
    write(event("1", "Dinner", 1), event("2", SITE, 1), event("3", "Dinner", 7), event("4", "Dinner", 1, daily))
    assert "3 proposals wait for your answer" in " ".join(evening.run_command("calendar", "refresh").split())
    assert len(json.loads(evening.run_command("list", "--json"))["partner_times"]) == 1
    assert SITE not in evening.run_command("next", "9")


def test_an_import_takes_in_no_whole_day_that_was_not_declared_and_never_a_name(
    evening_with: Begin, tmp_path: Path
) -> None:
    evening = evening_with(config="[store]\nkeep_names = true\n")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    export = str(days(today - timedelta(days=5), 5, pace=120).write(tmp_path / "export.json"))
    refusal = evening.run_command("import", "activitywatch", export, "--times", "all-day", code=2)
    assert "declared partner time, so none is taken in" in refusal
    # Declaring whole days now does not make it so for the days before.
    evening.run_command("add", "Always", "--every", "day", "--from", "0:00", "--for", "24h", "--yes")
    evening.run_command("import", "activitywatch", export, "--times", "all-day", code=2)
    assert evening.rows("SELECT id FROM occurrences") == []
    # What is taken in has no name, although names are kept.
    evening.run_command("import", "activitywatch", export)
    assert evening.rows("SELECT number FROM uses") != []
    assert evening.rows("SELECT number FROM uses WHERE name IS NOT NULL") == []
    assert traces(["Instagram", "WhatsApp", "YouTube", CANARY_TITLE, CANARY_URL], below(evening.home)) == set()


PACKAGES = ("com.tinder", "com.instagram.android", "org.quagmirewombat.lutezephyr")
A_SECOND = re.compile(r"\d\d:\d\d:(?!00)\d\d")


def test_somebody_elses_phone_leaves_no_name_and_no_instant_and_its_holder_sees_and_ends_it(
    evening_with: Begin,
) -> None:
    evening = evening_with(config="[store]\nkeep_names = true\n")
    evening.run()
    with ExitStack() as pairing:
        phone = pair(evening, pairing, free_port(), "her phone")
    evening.begin()
    for package in PACKAGES:
        phone.opens(package)
    phone.tell("unlock")
    until(lambda: "PickedUp" in evening.kinds(), what="all is heard")
    exact = evening.rows("SELECT at FROM observations WHERE device = 'her phone'")
    assert any(row["at"] % 60_000_000 for row in exact), "what is kept is exact"

    said = {
        command: evening.run_command(*command.split())
        for command in ("report", "report --json", "why --list", "status")
    }
    said["export"] = "\n".join(
        line for line in evening.run_command("export").splitlines() if '"device": "her phone"' in line
    )
    assert re.search(r"T\d\d:\d\d:00", said["export"])
    assert not A_SECOND.search(said["export"])
    assert not [command for command, words in said.items() if "dating" in words.lower()]
    places = below(evening.home) | {command: words.encode() for command, words in said.items()}
    places["the log"] = evening.daemon_output().encode()
    assert traces([*PACKAGES, "Tinder", "Instagram"], places) == set()

    status, told = phone.ask("GET", "/v1/phone")
    assert status == 200
    assert told["name"] == "her phone"
    assert told["heard_today"] >= 4
    assert len(told["hours"]) == 1
    assert HttpPhone(phone.url, "of-somebody-else").ask("GET", "/v1/phone")[0] == 401
    status, page = HttpPhone(phone.url).ask("GET", "/v1/phone")
    assert status == 200
    assert b"Did you find this address on your phone?" in page
    assert phone.ask("POST", "/v1/together", {"do": "stop"}) == (204, None)
    until(lambda: evening.status().get("partner_time") is None, what="partner time is over")
    assert json.loads(evening.run_command("export", "--json"))["occurrences"][-1]["end_reason"] == "stopped"


def test_a_link_on_the_phone_never_takes_the_place_of_its_pairing_without_asking(
    evening: Evening, phone_browser: PhoneBrowser
) -> None:
    evening.run()
    with ExitStack() as pairing:
        port = free_port()
        mine, other = pair(evening, pairing, port), pair(evening, pairing, port, "other phone")
    phone_browser.open(f"{mine.url}/phone#token={mine.token}&name=my+phone")
    phone_browser.sees("Your laptop calls it “my phone”.")
    phone_browser.open("about:blank")
    phone_browser.open(f"{mine.url}/phone#token={other.token}&name=other+phone")
    phone_browser.sees("This phone is paired already")
    assert phone_browser.kept() == {"token": mine.token, "name": "my phone"}
    phone_browser.tap(phone_browser.find("keep-button"))
    phone_browser.tap(phone_browser.find("test-button"))
    phone_browser.sees("It works")
    assert "Last tested" in evening.run_command("phone", "list").partition("other phone")[0]
    assert phone_browser.kept() == {"token": mine.token, "name": "my phone"}
