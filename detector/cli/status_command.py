"""`turntoward status`: what the program is doing right now. Reads the lock and the store, and wakes nothing."""

from __future__ import annotations

import json
import textwrap
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

from detector.i18n import _

COLUMNS: Final = 80
COMMON: Final = timedelta(hours=20)


@click.command(epilog="Example: turntoward status --json")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def command(*, as_json: bool) -> None:
    """Say whether the program runs, what is under way, and what comes next."""
    from detector.control.lock import running_pid, running_status  # noqa: PLC0415 - not for --help

    pid = running_pid()
    said = _read(running_status() if pid is not None else None)
    state: dict[str, Any] = {"running": pid is not None, "pid": pid, **said}
    state["declared"] = _declared()
    state["calendars"] = _calendars()
    state["offers"] = _offers()
    state["rules_changed"] = _rules_changed(state.get("rule_files"))
    if as_json:
        click.echo(json.dumps(state, ensure_ascii=False, sort_keys=True, indent=2))
        return
    for line in _lines(state):
        click.echo(textwrap.fill(line, COLUMNS, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False))


def _read(said: str | None) -> dict[str, Any]:
    try:
        read = json.loads(said or "{}")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _declared() -> int | None:
    """Return how many partner times are declared; None where the store cannot be asked."""
    return _count("SELECT count(*) FROM partner_times")


def _count(question: str) -> int | None:
    """Ask the store for a number, without the rest of the program: it costs more than the answer."""
    import sqlite3  # noqa: PLC0415 - not for --help
    from contextlib import closing  # noqa: PLC0415 - not for --help

    from detector.paths import store_path  # noqa: PLC0415 - not for --help

    path = store_path()
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1.0)) as connection:
            (count,) = connection.execute(question).fetchone()
    except sqlite3.Error:
        return None
    return int(count)


def _calendars() -> list[dict[str, Any]]:
    """Return how old each calendar is that is subscribed to; nothing where that cannot be read."""
    if not _count("SELECT count(*) FROM calendars WHERE subscribed"):
        return []
    from detector.cli.calendar.age import as_json  # noqa: PLC0415 - not for --help
    from detector.errors import StoreError  # noqa: PLC0415 - not for --help
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        with Store.open(store_path(), read_only=True) as store:
            return [as_json(calendar) for calendar in store.calendars() if calendar.subscribed]
    except StoreError:
        return []


def _offers() -> list[dict[str, Any]]:
    """Return what was for both so many times that it may be made so for good; nothing where that cannot be read."""
    if not _count("SELECT count(*) FROM moments WHERE outcome = 'together'"):
        return []
    from detector.cli.together_command import offered  # noqa: PLC0415 - not for --help
    from detector.config.read import read_settings  # noqa: PLC0415 - not for --help
    from detector.errors import StoreError, UserError  # noqa: PLC0415 - not for --help
    from detector.paths import config_path  # noqa: PLC0415 - not for --help

    try:
        found = offered(read_settings(config_path()).policy.for_both)
    except (UserError, StoreError):
        # `config` and `doctor` say what is wrong there.
        return []
    return [{"category": category, "times": times} for category, times in found]


def _rules_changed(in_force: str | None) -> bool:
    """Return whether the rule files differ from those of the session; False where there is none."""
    if not in_force:
        return False
    from detector.paths import rules_dir  # noqa: PLC0415 - not for --help
    from detector.rulebook.fingerprint import fingerprint  # noqa: PLC0415 - not for --help

    return fingerprint(rules_dir()) != in_force


def _lines(state: dict[str, Any]) -> list[str]:
    if not state["running"]:
        stopped = "Turntoward is not running; `turntoward run` starts it."
        return [stopped, *_what_is_declared(state["declared"]), *_asked(state["calendars"]), *_offered(state)]
    lines = [f"Turntoward is running (process {state['pid']})."]
    title, until = state.get("partner_time"), _instant(state.get("until"))
    paused = _instant(state.get("paused_until"))
    if title and until:
        lines.append(f"{title} is under way until {_clock(until)}.")
    elif begins := _instant(state.get("next_begins")):
        lines.append(f"Next: {state.get('next_title')}, {_clock(begins)}. Until then it senses nothing.")
    else:
        lines.append("No partner time is declared; `turntoward add --help` shows how.")
    if paused:
        lines.append(f"Paused until {_clock(paused)}; `turntoward resume` ends the pause.")
    lines += _senses(state.get("senses") or {}) if title and not paused else []
    lines += _phones(state.get("phones") or [], listens=bool(title and not paused))
    lines += _door(state.get("door"))
    lines += _asked(state["calendars"])
    if state["rules_changed"]:
        lines.append(_("The rule files changed; that counts from the next partner time on."))
    lines += [f"A problem: {problem}" for problem in state.get("problems") or ()]
    return lines + _offered(state)


def _offered(state: dict[str, Any]) -> list[str]:
    from rules.explain import say_offer  # noqa: PLC0415 - not for --help

    return [say_offer(each["category"], each["times"]) for each in state["offers"]]


def _what_is_declared(count: int | None) -> list[str]:
    if count is None:
        return ["What is declared cannot be read; `turntoward doctor` says why."]
    if not count:
        return ["No partner time is declared; `turntoward add --help` shows how."]
    return [f"{count} partner {'time is' if count == 1 else 'times are'} declared; `turntoward list` shows them."]


def _senses(senses: dict[str, str | None]) -> list[str]:
    speaking = [f"{sense} ({sensor})" for sense, sensor in sorted(senses.items()) if sensor]
    silent = [sense for sense, sensor in sorted(senses.items()) if not sensor]
    lines = [f"It senses {', '.join(speaking)}."] if speaking else ["It senses nothing."]
    if silent:
        lines.append(f"Not sensed: {', '.join(silent)}; `turntoward doctor` says why.")
    return lines


def _phones(phones: list[dict[str, Any]], *, listens: bool) -> list[str]:
    names = [str(phone.get("name")) for phone in phones]
    if names and not listens:
        return [f"Paired: {', '.join(names)}; heard during partner time only."]
    lines, heard, paired = [], [], []
    for name, phone in zip(names, phones, strict=True):
        sensor, spoke = phone.get("speaks"), phone.get("spoke")
        if sensor or spoke:
            heard.append(f"{name} ({sensor})" if sensor else name)
        elif spoke is None:  # the daemon does not say
            paired.append(name)
        else:
            lines.append(f"{name} has said nothing yet: what happens on it is unknown.")
        if phone.get("adb") and not sensor:
            lines.append(f"{name} is not reached over adb; `turntoward doctor` says why.")
    found = [f"{words} {', '.join(some)}." for words, some in (("It hears", heard), ("Paired:", paired)) if some]
    return found + lines


def _door(door: dict[str, Any] | None) -> list[str]:
    if not door:
        return []
    if door.get("open"):
        return [f"The door for phones is open at {door.get('url')}."]
    why = str(door.get("why") or "`turntoward doctor` says more").rstrip(".")
    return [f"The door for phones at {door.get('url')} is shut: {why}."]


def _asked(calendars: list[dict[str, Any]]) -> list[str]:
    if not calendars:
        return []
    from detector.cli.calendar.age import say_told  # noqa: PLC0415 - not for --help
    from detector.clock import SystemClock  # noqa: PLC0415 - not for --help
    from detector.zone import reader_zone  # noqa: PLC0415 - not for --help

    now, zone = SystemClock().now(), reader_zone()
    return [f"{each['name']}: {say_told(each, now, zone)}." for each in calendars]


def _instant(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _clock(at: datetime) -> str:
    from detector.clock import SystemClock  # noqa: PLC0415 - not for --help

    local = at.astimezone()
    far = abs(at - SystemClock().now().astimezone(UTC)) > COMMON
    return f"{local:%a %d %b, %H:%M}" if far else f"{local:%H:%M}"
