"""`turntoward status`: what the program is doing now. It reads the lock and the store, and wakes nothing.

Invariant 1: it is quick, as shells and panels call it often: the store is only counted (`detector.store.counts`) where
    that is enough, and modules that are slow to import are imported only where they are needed.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from detector.cli.output import columns, print_json, wrap
from detector.clock import SystemClock
from detector.control.lock import find_daemon, format_other_files
from detector.errors import StoreError
from detector.i18n import _, format_clock, ngettext
from detector.partner_time.day_names import format_short_day
from detector.paths import rules_dir, store_path
from detector.rulebook.fingerprint import fingerprint
from detector.store.counts import count_calendars, count_partner_times, count_together

# An instant that is farther away is written with its date.
SAME_DAY: Final = timedelta(hours=20)
# Why no nudge is shown, by the reason that the daemon writes.
NO_NUDGE_REASONS: Final = {
    "quiet_week": _("it is the quiet week"),
    "dismissed_twice": _("enough nudges were closed"),
    "budget": _("its number of nudges is used up"),
    "cool_down": _("there was one a short while ago"),
}


def write_status(*, as_json: bool) -> None:
    daemon = find_daemon()
    state: dict[str, Any] = {"running": daemon is not None, "pid": daemon.pid if daemon else None}
    # What the daemon writes comes after the defaults, so that an older daemon may leave keys out.
    state |= _parse(daemon.status if daemon else None)
    state["files"] = daemon.files if daemon else {}
    state["other_files"] = daemon.other_files() if daemon else {}
    path = store_path()
    state["declared"] = count_partner_times(path)
    state["calendars"], state["offers"] = [], []
    more: list[list[str]] = []
    has_calendars = count_calendars(path)
    has_offers = count_together(path)
    if has_calendars or has_offers:
        from detector.cli.program import status_details as details  # noqa: PLC0415 - the store's code is slow to import

        state["calendars"] = details.calendars() if has_calendars else []
        state["offers"] = details.offers() if has_offers else []
        more = [details.calendar_lines(state["calendars"]), details.offer_lines(state["offers"])]
    state["under_way"] = None
    if not state["running"] and state["declared"]:
        state["under_way"] = _find_under_way(path)
    # The rule files of the session under way; other files count from the next session on.
    in_use = state.get("rule_files")
    state["rules_changed"] = bool(in_use) and fingerprint(rules_dir()) != in_use
    if as_json:
        print_json(state, sort_keys=True)
        return
    for line in _lines(state, *more):
        click.echo("\n".join(wrap(line, later="  ", width=columns())))


def _parse(status: str | None) -> dict[str, Any]:
    # The daemon may be writing it right now, or be of another version.
    try:
        parsed = json.loads(status or "{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _lines(state: dict[str, Any], calendar_lines: Sequence[str] = (), offer_lines: Sequence[str] = ()) -> list[str]:
    if not state["running"]:
        stopped = _("Turntoward is not running; `turntoward run` starts it.")
        return [stopped, *_under_way(state), *calendar_lines, *offer_lines]
    lines = [_("Turntoward is running (process {pid}).").format(pid=state["pid"])]
    lines += format_other_files(state["other_files"])
    title, until = state.get("partner_time"), _instant(state.get("until"))
    paused = _instant(state.get("paused_until"))
    if title and until:
        lines.append(_("{title} is under way until {end}.").format(title=title, end=_clock(until)))
    elif begins := _instant(state.get("next_begins")):
        text = _("Next: {title}, {begin}. Until then it senses nothing.")
        lines.append(text.format(title=state.get("next_title"), begin=_clock(begins)))
    else:
        lines.append(_("No partner time is declared; `turntoward add --help` shows how."))
    if paused:
        lines.append(_("Paused until {end}; `turntoward resume` ends the pause.").format(end=_clock(paused)))
    is_under_way = bool(title and not paused)
    is_nothing_shown = is_under_way and state.get("sensing") == "nothing"
    is_sensing = is_under_way and not is_nothing_shown
    phones = _phones(state.get("phones") or [], is_sensing=is_sensing, is_nothing_shown=is_nothing_shown)
    if is_nothing_shown:
        text = _("Nothing is sensed: its start could not be shown to anybody ({why}). It is tried again.")
        lines.append(text.format(why=state.get("why_nothing") or _("it is just being tried")))
    if is_sensing:
        if until:
            lines += _no_nudge(state, until)
        # Phones come first; a device without a screen has no senses to list.
        lines += phones
        lines += _senses(state) if state.get("has_screen", True) else []
    else:
        lines += phones
    lines += _phone_api(state.get("door"))
    lines += calendar_lines
    if state["rules_changed"]:
        lines.append(_("The rule files changed; that counts from the next partner time on."))
    lines += [_("A problem: {problem}").format(problem=problem) for problem in state.get("problems") or ()]
    return [*lines, *offer_lines]


def _under_way(state: dict[str, Any]) -> list[str]:
    current = state["under_way"]
    if current is None:
        return [_declared(state["declared"])]
    text = _("{title} is under way until {end}. Nothing is sensed, because Turntoward is not running.")
    end = _instant(current["until"])
    return [text.format(title=current["partner_time"], end=_clock(end) if end else "")]


def _no_nudge(state: dict[str, Any], ends: datetime) -> list[str]:
    why = NO_NUDGE_REASONS.get(str(state.get("quiet_reason")))
    until = _instant(state.get("quiet_until"))
    # The daemon wrote this at its last change; the end may have passed since.
    if why is None or (until is not None and until <= SystemClock().now()):
        return []
    if until is not None and until < ends:
        return [_("No nudge is shown before {time}: {why}.").format(time=_clock(until), why=why)]
    return [_("No nudge is shown until it ends: {why}.").format(why=why)]


def _declared(count: int | None) -> str:
    if count is None:
        return _("What is declared cannot be read; `turntoward doctor` says why.")
    if not count:
        return _("No partner time is declared; `turntoward add --help` shows how.")
    text = ngettext(
        "{count} partner time is declared; `turntoward list` shows it.",
        "{count} partner times are declared; `turntoward list` shows them.",
        count,
    )
    return text.format(count=count)


def _senses(state: dict[str, Any]) -> list[str]:
    senses: dict[str, str | None] = state.get("senses") or {}
    if state.get("sensing") == "presence":
        return [_("Nobody has been at this device since it began: only presence is sensed on it.")]
    working = [f"{sense} ({sensor})" for sense, sensor in sorted(senses.items()) if sensor]
    missing = [sense for sense, sensor in sorted(senses.items()) if not sensor]
    if working:
        lines = [_("It senses {senses}.").format(senses=", ".join(working))]
    elif state.get("phones"):
        lines = [_("Nothing of this device is sensed.")]
    else:
        lines = [_("It senses nothing.")]
    if missing:
        lines.append(_("Not sensed: {senses}; `turntoward doctor` says why.").format(senses=", ".join(missing)))
    return lines


def _phones(phones: list[dict[str, Any]], *, is_sensing: bool, is_nothing_shown: bool = False) -> list[str]:
    names = [str(phone.get("name")) for phone in phones]
    if names and is_nothing_shown:
        return [_("Paired: {names}; they are not sensed either.").format(names=", ".join(names))]
    if names and not is_sensing:
        return [_("Paired: {names}; sensed during partner time only.").format(names=", ".join(names))]
    lines, reporting, paired = [], [], []
    for name, phone in zip(names, phones, strict=True):
        sensor, has_reported = phone.get("speaks"), phone.get("spoke")
        if sensor or has_reported:
            reporting.append(f"{name} ({sensor})" if sensor else name)
        elif has_reported is None:  # a daemon of an earlier version does not write it
            paired.append(name)
        else:
            lines.append(_("{name} has reported nothing yet: what happens on it is unknown.").format(name=name))
        if phone.get("adb") and not sensor:
            lines.append(_("{name} is not reached over adb; `turntoward doctor` says why.").format(name=name))
    first = [_("Phones that report: {names}.").format(names=", ".join(reporting))] if reporting else []
    first += [_("Paired: {names}.").format(names=", ".join(paired))] if paired else []
    return first + lines


def _phone_api(state: dict[str, Any] | None) -> list[str]:
    if not state:
        return []
    if state.get("open"):
        return [_("The phone API is open at {url}.").format(url=state.get("url"))]
    why = str(state.get("why") or _("`turntoward doctor` says more")).rstrip(".")
    return [_("The phone API at {url} is closed: {why}.").format(url=state.get("url"), why=why)]


def _instant(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _clock(at: datetime) -> str:
    local = at.astimezone()
    is_far = abs(at - SystemClock().now().astimezone(UTC)) > SAME_DAY
    return f"{format_short_day(local)}, {format_clock(local)}" if is_far else format_clock(local)


def _find_under_way(path: Path) -> dict[str, Any] | None:
    """Return the partner time that is under way by what is declared, whether or not a daemon runs; None: there is none."""
    from detector.store.schedule import read_schedule  # noqa: PLC0415 - the store's code is slow to import
    from detector.store.store import Store  # noqa: PLC0415 - as above

    now = SystemClock().now()
    try:
        with Store.open(path, read_only=True) as store:
            current = read_schedule(store, now).at(now).current
    except StoreError:
        return None
    return None if current is None else {"partner_time": current.title, "until": current.ends.isoformat()}
