"""Attempts of somebody who has the device for ten minutes and wants it to watch in secret: what came of each.

`python -m tests.benchmarks abuse [NUMBER]`. Each attempt is played with the installed program on a desktop of its own, and
judged: "prevented" (nothing was sensed, or nothing that was not to be), "refused" (the program said no), "announced" (partner
time was shown on the screen first), or FAILED, with the reason. `docs/dev/faults.md` describes the kinds (S1 to S17).
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, TypeAlias

from detector.control.lock import running_pid
from tests.benchmarks.bars import ROOT, Bar
from tests.endtoend.evening import COMMAND, Evening
from tests.endtoend.test_abuse import (
    A_SECOND,
    APP,
    LOOKS_BRIEFLY,
    NEVER_SPEAKS,
    PACKAGES,
    SITE,
    folder,
    is_idle_for,
    remove_locks,
)
from tests.endtoend.test_phone import pair
from tests.endtoend.traces import below, traces
from tests.rig.activitywatch_history import days
from tests.rig.bus import private_bus
from tests.rig.calendar_server import calendar, event
from tests.rig.phone import HttpPhone, free_port
from tests.rig.phone_browser import PhoneBrowser, chromium
from tests.rig.processes import started, until

Verdict: TypeAlias = Literal["prevented", "refused", "announced"]
Play: TypeAlias = Callable[[Evening, ExitStack], Verdict]
START: Final = "Partner time until "
LOOKS_FOR: Final = 4.0
"""Seconds for which a feed is scrolled through before it is judged what was sensed."""
NOT_SENSED: Final = {"PartnerTimeBegan", "Gap", "PartnerTimeEnded", "PartnerTimeExtended"}
KEEP_NAMES: Final = "[store]\nkeep_names = true\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What is tried, its kind in faults.md, the settings that it needs, and the verdict that is expected."""

    kind: str
    name: str
    expected: Verdict
    play: Play
    config: str = ""


def abuse(place: Path, number: int | None = None) -> Iterator[Bar]:
    """Play all attempts, or the one of this number, counted from 1."""
    failed = 0
    for count, attempt in enumerate(ATTEMPTS, start=1):
        if number not in (None, count):
            continue
        home = place / str(count) / "home"
        home.parent.mkdir(parents=True)
        with ExitStack() as stack:
            try:
                verdict = attempt.play(Evening(stack, home, config=attempt.config), stack)
                note = verdict if verdict == attempt.expected else f"{verdict}, not {attempt.expected}"
            except (AssertionError, OSError, subprocess.SubprocessError) as wrong:
                failed += 1
                note = f"FAILED: {wrong}"
        shutil.rmtree(home.parent, ignore_errors=True)
        is_failed = note.startswith("FAILED")
        yield Bar(name=f"{count}. {attempt.kind} {attempt.name}", figure=is_failed, limit=0, unit="", note=note)
    yield Bar(name="abuse: attempts that succeed", figure=failed, limit=0, unit="")


def judge(evening: Evening, *, starts: int = 1) -> Verdict:
    """Scroll through a feed, and tell whether anything was sensed that was not announced so many times."""
    shown, end = 0, time.monotonic() + LOOKS_FOR
    has_server = evening.dunst.process.poll() is None
    evening.desktop.scroll(1)
    while has_server and not shown and time.monotonic() < end:
        # Before there is a feed: a nudge would take the place of the start on the screen.
        shown = count_starts(evening) if evening.dunst.displayed() else 0
    evening.feed()
    while time.monotonic() < end + LOOKS_FOR:
        evening.desktop.scroll(3)
    sensed = sorted(set(evening.kinds()) - NOT_SENSED)
    assert shown >= starts or not sensed, f"announced {shown} times of {starts}, and sensed {sensed}"
    return "announced" if shown >= starts else "prevented"


def count_starts(evening: Evening) -> int:
    """Return how often the start of partner time was shown; closes what stands on the screen."""
    evening.dunst.ctl("close-all")
    return sum(START in seen.summary for seen in evening.dunst.history())


def is_refused(evening: Evening, words: str = "already running", **env: str) -> Verdict:
    """Start one more daemon, which has to end with code 1 and these words."""
    code = evening.attempt(env=env).wait(30)
    assert code == 1, f"it ended with code {code}"
    assert words in evening.daemon_output(), f"it said {evening.daemon_output()}"
    return "refused"


def fake_notify_send(evening: Evening) -> dict[str, str]:
    """Put a notify-send on the PATH that shows nothing and reports success."""
    programs = evening.home / "bin"
    programs.mkdir()
    for name in ("notify-send", "dunstify"):
        (programs / name).write_text("#!/bin/sh\necho 1\nexit 0\n")
        (programs / name).chmod(0o755)
    return {"PATH": f"{programs}:{evening.env['PATH']}"}


def silent_settings(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.run()
    evening.run_command("now", "24h")
    until(evening.is_sensed, what="everything is sensed", within=20)
    return judge(evening)


def only_print(evening: Evening, _stack: ExitStack) -> Verdict:
    assert evening.attempt().wait(30) == 2, evening.daemon_output()
    assert "'print' alone would hide the program" in evening.daemon_output(), evening.daemon_output()
    return "refused"


def output_to_nowhere(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.dunst.stop()
    evening.run("sh", "-c", f"exec {COMMAND} run >/dev/null 2>&1 </dev/null")
    evening.run_command("now", "24h")
    return judge(evening)


def fake_program(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.dunst.stop()
    evening.run(env=fake_notify_send(evening))
    evening.run_command("now", "24h")
    return judge(evening)


def chosen_terminal(evening: Evening, stack: ExitStack) -> Verdict:
    evening.in_terminal = True
    return silent_settings(evening, stack)


def chosen_fake_program(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.run(env=fake_notify_send(evening))
    evening.run_command("now", "24h")
    return judge(evening)


def second_bus(evening: Evening, stack: ExitStack) -> Verdict:
    other = stack.enter_context(private_bus())
    evening.run(env=other.env | fake_notify_send(evening))
    evening.run_command("now", "24h")
    return judge(evening)


def do_not_disturb_all_the_time(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.dunst.pause()
    evening.run()
    evening.run_command("now", "24h")
    return judge(evening)


def own_do_not_disturb(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.run()
    evening.run_command("now", "24h")
    verdict = judge(evening)
    evening.dunst.pause(False)
    return verdict


def nobody_there(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.run()
    until(lambda: is_idle_for(evening, 11), what="nobody is there")
    evening.run_command("now", "24h")
    # Longer than a notification stays: whoever comes then has to find it, or to be shown it again.
    until(lambda: is_idle_for(evening, 23), what="nobody is there for longer")
    sensed = set(evening.kinds()) - NOT_SENSED - {"SensorStarted", "WentIdle", "QuietEnded", "Focused"}
    assert not sensed, f"sensed while nobody was there: {sensed}"
    assert evening.dunst.displayed() == 1, "the start does not stand on the screen any more"
    return judge(evening)


def killed_and_restarted(evening: Evening, _stack: ExitStack) -> Verdict:
    daemon = evening.run()
    evening.begin("24h")
    assert count_starts(evening) == 1
    evening.kill(daemon)
    evening.run()
    until(evening.is_sensed, what="everything is sensed again", within=20)
    return judge(evening, starts=2)


def extended(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.run()
    evening.begin("30min")
    assert count_starts(evening) == 1
    evening.run_command("extend", "6h")
    return judge(evening, starts=2)


def other_data_folder(evening: Evening, _stack: ExitStack) -> Verdict:
    other = folder(evening, "elsewhere")
    evening.run(env=other)
    return commands_name_both(evening, Path(other["XDG_DATA_HOME"]) / "turntoward/turntoward.sqlite")


def other_home(evening: Evening, _stack: ExitStack) -> Verdict:
    other = evening.home / "another-home"
    other.mkdir()
    evening.run(env={"HOME": str(other)})
    return commands_name_both(evening, other / ".local/share/turntoward/turntoward.sqlite")


def commands_name_both(evening: Evening, theirs: Path) -> Verdict:
    """Tell whether each command that would change something is refused with the paths of both stores."""
    for command in (("pause", "30min"), ("stop",), ("forget", "--all", "--yes"), ("now", "24h")):
        output = evening.run_command(*command, code=1)
        assert str(theirs) in output, f"{command}: {output}"
        assert str(evening.store) in output, f"{command}: {output}"
    return "refused"


def linked_data_folder(evening: Evening, _stack: ExitStack) -> Verdict:
    elsewhere = shutil.move(evening.home / ".local/share", evening.home / "elsewhere")
    (evening.home / ".local/share").symlink_to(elsewhere)
    evening.run()
    evening.begin("24h")
    evening.run_command("stop")
    until(lambda: evening.status().get("partner_time") is None, what="`stop` ends it", within=10)
    return "prevented"


def other_runtime_folder(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.run()
    return is_refused(evening, **folder(evening, "run-elsewhere"))


def link_to_the_data(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.run()
    (evening.home / "linked").symlink_to(evening.home / ".local/share")
    return is_refused(evening, XDG_DATA_HOME=str(evening.home / "linked"), **folder(evening, "run-elsewhere"))


def lock_removed(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.run()
    evening.lock.unlink()
    return is_refused(evening)


def all_locks_removed(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.run()
    evening.begin()
    for path in remove_locks(evening):
        until(lambda path=path: running_pid(path), what=f"{path} is restored", within=70)
    verdict = is_refused(evening)
    evening.over()
    return verdict


def store_of_its_own(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.run()
    return is_refused(evening, **folder(evening, "run-elsewhere"), **folder(evening, "elsewhere"))


def what_into_a_file(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.desktop.xterm(SITE, wm_class=APP)
    log = evening.home / "log"
    with log.open("wb") as file:
        done = subprocess.run(
            [str(COMMAND), "what"], env=evening.env, stdin=subprocess.DEVNULL, stdout=file, timeout=60, check=False
        )
    output = log.read_text()
    assert done.returncode == 0, output
    assert len(re.findall(r"^\d\d:\d\d:\d\d", output, re.MULTILINE)) == 1, output
    assert not evening.store.exists() or not evening.rows("SELECT id FROM observations")
    return "prevented"


def what_in_a_pseudo_terminal(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.desktop.xterm(SITE, wm_class=APP)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", LOOKS_BRIEFLY, "what"]
    with started(command, env=evening.env, stdin=theirs, stdout=theirs, stderr=theirs) as live:
        os.close(theirs)
        assert live.wait(60) == 0
    output = os.read(ours, 65536).decode()
    os.close(ours)
    assert APP not in output, output
    assert SITE not in output, output
    return "prevented"


def what_again_and_again(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.desktop.xterm(SITE, wm_class=APP)
    output = "".join(
        evening.run_command("what", *options) for options in (("--once",), ("--json", "--once"), ("--json",))
    )
    assert APP not in output, output
    assert SITE not in output, output
    return "prevented"


def somebody_elses_phone(evening: Evening, stack: ExitStack) -> HttpPhone:
    evening.run()
    return pair(evening, stack, free_port(), "her phone")


def names_of_a_phone(evening: Evening, stack: ExitStack) -> Verdict:
    phone = somebody_elses_phone(evening, stack)
    evening.begin()
    for package in PACKAGES:
        phone.opens(package)
    phone.tell("unlock")
    until(lambda: "PickedUp" in evening.kinds(), what="the phone is heard")
    left = traces([*PACKAGES, "Tinder"], below(evening.home) | {"the log": evening.daemon_output().encode()})
    assert not left, f"left behind: {left}"
    assert count_starts(evening) == 1
    return "prevented"


def phone_outside_partner_time(evening: Evening, stack: ExitStack) -> Verdict:
    phone = somebody_elses_phone(evening, stack)
    for package in PACKAGES:
        phone.opens(package)
    phone.tell("app_close", app=PACKAGES[-1])
    evening.begin()
    rows = evening.rows("SELECT * FROM observations WHERE device = 'her phone'")
    assert not rows, f"kept of before partner time: {rows}"
    return "prevented"


def exports_of_a_phone(evening: Evening, stack: ExitStack) -> Verdict:
    phone = somebody_elses_phone(evening, stack)
    evening.begin()
    for package in PACKAGES:
        phone.opens(package)
    phone.tell("unlock")
    until(lambda: "PickedUp" in evening.kinds(), what="the phone is heard")
    for command in ("report", "report --json", "why --list", "status", "export", "export --json"):
        output = evening.run_command(*command.split())
        assert "dating" not in output.lower(), f"{command}: {output}"
        assert not traces(PACKAGES, {command: output.encode()}), command
        if command == "export":
            phones = "\n".join(line for line in output.splitlines() if '"device": "her phone"' in line)
            assert phones
            assert not A_SECOND.search(phones), phones
        elif command != "export --json":
            assert not re.search(r"\d\d:\d\d:\d\d.*her phone", output), output
    return "prevented"


def phone_dates_back(evening: Evening, stack: ExitStack) -> Verdict:
    phone = somebody_elses_phone(evening, stack)
    evening.begin()
    at = datetime.now(UTC) - timedelta(hours=1)
    status, _ = phone.tell("app_open", app=PACKAGES[1], at=at.isoformat())
    phone.tell("unlock")
    until(lambda: "PickedUp" in evening.kinds(), what="the phone is heard")
    (began,) = (row["began"] for row in evening.rows("SELECT began FROM occurrences"))
    early = [row for row in evening.rows("SELECT * FROM observations") if row["at"] < began]
    assert not early, f"stored from before partner time: {early}"
    return "refused" if status in {400, 422} else "prevented"


def whole_days(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.run_command("import", "activitywatch", export_file(evening), "--times", "all-day", code=2)
    # Declaring whole days now does not make it so for the days before.
    evening.run_command("add", "Always", "--every", "day", "--from", "0:00", "--for", "24h", "--yes")
    evening.run_command("import", "activitywatch", export_file(evening), "--times", "all-day", code=2)
    assert evening.rows("SELECT id FROM occurrences") == []
    return "refused"


def names_of_an_import(evening: Evening, _stack: ExitStack) -> Verdict:
    evening.run_command("replay", str(ROOT / "tests/written_by_0_1_0/rules_changed.jsonl"))
    assert not evening.store.exists() or not evening.rows("SELECT id FROM observations")
    evening.run_command("add", "Always", "--every", "day", "--from", "0:00", "--for", "24h", "--yes")
    evening.run_command("import", "activitywatch", export_file(evening))
    assert evening.rows("SELECT number FROM uses")
    assert evening.rows("SELECT number FROM uses WHERE name IS NOT NULL") == []
    left = traces(["Instagram", "WhatsApp"], below(evening.home))
    assert not left, f"left behind: {left}"
    return "prevented"


def export_file(evening: Evening) -> str:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return str(days(today - timedelta(days=5), 5, pace=120).write(evening.home.parent / "export.json"))


def subscribe(evening: Evening) -> Path:
    """Accept a calendar with one dinner from now on, and return its file."""
    file = evening.home / "ours.ics"
    file.write_bytes(calendar(dinner()))
    evening.run()
    assert "1 is accepted" in evening.run_command("calendar", "subscribe", str(file), "--accept", "--yes")
    return file


def dinner(title: str = "Dinner", hours: int = 1, *more: str) -> str:
    begins = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    instants = (f"{at:%Y%m%dT%H%M%SZ}" for at in (begins, begins + timedelta(hours=hours)))
    return event("1", f"{title} #us", *instants, *more)


def nothing_else_is_declared(evening: Evening) -> Verdict:
    """Read the calendar again, and tell whether what has changed in it waits for an answer."""
    output = " ".join(evening.run_command("calendar", "refresh").split())
    assert "1 proposal waits for your answer" in output, output
    declared = evening.rows("SELECT title, lasts, recurrence FROM partner_times")
    assert declared == [{"title": "Dinner", "lasts": 3_600_000_000, "recurrence": None}], declared
    return "prevented"


def another_event(evening: Evening, _stack: ExitStack) -> Verdict:
    subscribe(evening).write_bytes(calendar(dinner(SITE, 24, "RRULE:FREQ=DAILY")))
    return nothing_else_is_declared(evening)


def calendar_replaced_by_a_link(evening: Evening, _stack: ExitStack) -> Verdict:
    file = subscribe(evening)
    other = evening.home / "other.ics"
    other.write_bytes(calendar(dinner("Dinner", 12)))
    file.unlink()
    file.symlink_to(other)
    return nothing_else_is_declared(evening)


def link_on_a_paired_phone(evening: Evening, stack: ExitStack) -> Verdict:
    port = free_port()
    evening.run()
    mine, other = pair(evening, stack, port), pair(evening, stack, port, "other phone")
    browser = PhoneBrowser(stack.enter_context(chromium(evening.home.parent / "chromium")))
    browser.open(f"{mine.url}/phone#token={mine.token}&name=my+phone")
    browser.sees("Your laptop calls it “my phone”.")
    browser.open("about:blank")
    browser.open(f"{mine.url}/phone#token={other.token}&name=other+phone")
    browser.sees("This phone is paired already")
    assert browser.kept() == {"token": mine.token, "name": "my phone"}
    return "prevented"


ATTEMPTS: Final = (
    Attempt(
        kind="S1", name="settings: only plyer, 0 nudges, 24 h", expected="announced", play=silent_settings,
        config=f'{NEVER_SPEAKS}only = ["plyer"]\n',
    ),
    Attempt(
        kind="S1", name="settings: only print", expected="refused", play=only_print,
        config=f'{NEVER_SPEAKS}only = ["print"]\n',
    ),
    Attempt(
        kind="S1", name="no server, output to /dev/null", expected="prevented", play=output_to_nowhere,
        config=NEVER_SPEAKS,
    ),
    Attempt(kind="S1", name="a fake notify-send on the PATH", expected="prevented", play=fake_program),
    Attempt(
        kind="S1", name="a terminal that nobody watches, chosen", expected="announced", play=chosen_terminal,
        config='[notifications]\nonly = ["print", "plyer"]\n',
    ),
    Attempt(
        kind="S1", name="a fake notify-send, the only one chosen", expected="announced", play=chosen_fake_program,
        config='[notifications]\nonly = ["notify-send"]\n',
    ),
    Attempt(kind="S1", name="a second bus, and a fake notify-send", expected="prevented", play=second_bus),
    Attempt(kind="S2", name="Do Not Disturb all the time", expected="prevented", play=do_not_disturb_all_the_time),
    Attempt(
        kind="S2", name="its own Do Not Disturb", expected="announced", play=own_do_not_disturb,
        config="[quiet]\nalways = true\neven_without_nudges = true\n",
    ),
    Attempt(
        kind="S2", name="it begins while nobody is there", expected="announced", play=nobody_there,
        config='[attention]\nidle_after = "10 s"\n[notifications]\nexpires = "5 s"\n',
    ),
    Attempt(kind="S2", name="kill -9 after the start was closed", expected="announced", play=killed_and_restarted),
    Attempt(kind="S2", name="30 min, then `extend 6h`", expected="announced", play=extended),
    Attempt(kind="S3", name="daemon with another XDG_DATA_HOME", expected="refused", play=other_data_folder),
    Attempt(kind="S3", name="daemon with another HOME", expected="refused", play=other_home),
    Attempt(kind="S3", name="data folder replaced by a link", expected="prevented", play=linked_data_folder),
    Attempt(kind="S4", name="another XDG_RUNTIME_DIR", expected="refused", play=other_runtime_folder),
    Attempt(kind="S4", name="another runtime folder, linked data", expected="refused", play=link_to_the_data),
    Attempt(kind="S4", name="the runtime lock removed", expected="refused", play=lock_removed),
    Attempt(kind="S4", name="every lock removed, then restored", expected="refused", play=all_locks_removed),
    Attempt(kind="S4", name="store and runtime folder of its own", expected="refused", play=store_of_its_own),
    Attempt(
        kind="S5", name="`what` into a file in the background", expected="prevented", play=what_into_a_file,
        config=KEEP_NAMES,
    ),
    Attempt(kind="S5", name="`what` in a pseudo-terminal", expected="prevented", play=what_in_a_pseudo_terminal),
    Attempt(kind="S5", name="`what --json --once`, repeated", expected="prevented", play=what_again_and_again),
    Attempt(
        kind="S6", name="names of her phone's apps", expected="prevented", play=names_of_a_phone, config=KEEP_NAMES
    ),
    Attempt(
        kind="S6", name="her phone outside partner time", expected="prevented", play=phone_outside_partner_time,
        config=KEEP_NAMES,
    ),
    Attempt(
        kind="S6", name="export and report of her phone", expected="prevented", play=exports_of_a_phone,
        config=KEEP_NAMES,
    ),
    Attempt(kind="S6", name="events dated before partner time", expected="refused", play=phone_dates_back),
    Attempt(kind="S8", name="import of whole days", expected="refused", play=whole_days),
    Attempt(
        kind="S8", name="import and replay, for names", expected="prevented", play=names_of_an_import, config=KEEP_NAMES
    ),
    Attempt(kind="S10", name="accepted, then daily for 24 h", expected="prevented", play=another_event),
    Attempt(kind="S10", name="file replaced by a link: 12 h", expected="prevented", play=calendar_replaced_by_a_link),
    Attempt(kind="S17", name="a link on a paired phone", expected="prevented", play=link_on_a_paired_phone),
)  # fmt: skip
