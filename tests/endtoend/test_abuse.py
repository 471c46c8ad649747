"""What somebody tries who has the device for ten minutes and wants it to watch in secret: each attempt is prevented, refused or announced.

One test for each attempt, named after what must hold. docs/evidence.md, "Against surveillance", is what they prove.
"""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.endtoend.conftest import Begin
from tests.endtoend.evening import COMMAND, Evening
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


def test_a_command_refuses_to_change_another_store_than_the_daemon_uses(evening: Evening) -> None:
    other = folder(evening, "elsewhere")
    theirs, ours = f"{other['XDG_DATA_HOME']}/turntoward/turntoward.sqlite", str(evening.store)
    evening.run(env=other)
    evening.say("now", "30min", env=other)
    until(evening.is_sensed, what="everything is sensed")
    for command in ALL:
        said = evening.say(*command, code=1)
        assert theirs in said, command
        assert ours in said, command
    assert not evening.store.exists()
    assert evening.is_sensed()
    for command in ("status", "doctor"):
        said = evening.say(command).replace("~", str(evening.home))
        assert theirs in said
        assert ours in said
    # What the refusal says to type acts on the daemon.
    assert "Paused until" in evening.say("pause", "30min", env=other)
    until(lambda: not evening.senses(), what="nothing is sensed")
    evening.say("forget", "--all", "--yes", env=other)
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
    assert evening.said().count(f"already running (process {first.pid})") == 3
    assert str(evening.home / "run") in evening.said()
    assert first.poll() is None
    # Neither can a second name of the file be had, by which SQLite would keep a second log.
    first.send_signal(signal.SIGTERM)
    first.wait(10)
    (evening.home / "elsewhere/turntoward").mkdir(parents=True)
    os.link(evening.store, evening.home / "elsewhere/turntoward/turntoward.sqlite")
    assert evening.attempt(env=elsewhere | {"XDG_DATA_HOME": str(evening.home / "elsewhere")}).wait(30) == 1
    assert "a hard link" in evening.said()


def test_a_daemon_in_another_runtime_folder_is_found_and_heeds_commands(evening: Evening) -> None:
    elsewhere = folder(evening, "run-elsewhere")
    daemon = evening.attempt(env=elsewhere)
    until(lambda: f"process {daemon.pid}" in evening.say("status"), what=f"the daemon; it said {evening.said()}")
    assert elsewhere["XDG_RUNTIME_DIR"] in evening.say("status")
    assert "is not running" not in evening.say("now", "30min")
    until(lambda: "under way" in evening.say("status"), what="partner time")
    assert "is not running" not in evening.say("pause", "30min")
    until(lambda: "Paused until" in evening.say("status"), what="the pause")


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
    said = log.read_text()
    assert len(said.splitlines()) == 3
    assert said.count("system") == 3
    assert APP not in said
    assert SITE not in said


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
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert "  system" in said
    assert "5 s at most" in said
    assert APP not in said
    assert SITE not in said
