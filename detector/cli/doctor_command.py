"""`turntoward doctor`: what can be sensed here, why the rest cannot, and what to do about it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from rules.lengths import say_length

if TYPE_CHECKING:
    from detector.doctor.checks import Covered, Findings, Sensed
    from detector.doctor.dnd import DndFindings
    from detector.doctor.phones import DeviceKnown, PhoneFound

WIDTH: Final = 79
SHOWN: Final = 3
MEANING: Final = {
    "focus": "what is in front",
    "idle": "whether somebody is there",
    "input": "scrolls, keys and clicks, counted",
    "session": "locking and sleep",
    "quiet": "Do Not Disturb",
    "media": "whether a film or music plays, never what",
    "call": "whether a microphone or a camera is in use, never by whom",
}
WITHOUT: Final = {
    "focus": "Without it there is nothing to notice: partner time begins and ends, and that is all.",
    "idle": "Without it every use counts as unknown.",
    "input": "Without it rules go by time rather than by scrolling.",
    "session": "Without it a locked screen is noticed as idleness, a little later.",
    "quiet": "Without it a nudge does not wait for Do Not Disturb to end.",
    "media": "Without it a film for two is taken for any video.",
    "call": "Without it a nudge does not wait for a call to end.",
}


@click.command(epilog="Example: turntoward doctor")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def command(*, as_json: bool) -> None:
    """Say what can be sensed here, who can speak, what is kept, and what to do about the rest.

    Nothing is shown, sensed or changed.
    """
    import asyncio  # noqa: PLC0415 - not for --help

    from detector.clock import SystemClock  # noqa: PLC0415 - not for --help
    from detector.doctor.checks import examine  # noqa: PLC0415 - not for --help

    findings = asyncio.run(examine(SystemClock()))
    if as_json:
        click.echo(_as_json(findings))
        return
    for line in _lines(findings):
        click.echo(line)


def _lines(found: Findings) -> Iterator[str]:
    from detector.rulebook.unusable import said  # noqa: PLC0415 - not for --help
    from detector.sensors import SESSION_TYPE_NAMES  # noqa: PLC0415 - not for --help

    yield "The program"
    yield from _wrapped(
        f"It runs (process {found.pid})." if found.pid else "It does not run; `turntoward run` starts it."
    )
    yield from _wrapped(
        f"It starts with your session: {_short(found.service)}."
        if found.service
        else "It does not start by itself; `turntoward service install` changes that."
    )
    yield from _listening(found)
    yield ""
    yield f"Senses; this session is {SESSION_TYPE_NAMES[found.session]}"
    for sensed in found.senses:
        yield from _sense(sensed)
    yield ""
    yield "Your devices, in the partner times of the last seven days"
    yield from _devices(found)
    yield ""
    yield "Who can say a nudge; the first that can does"
    for speaker in found.speakers:
        yield from _wrapped(f"{'yes' if speaker.usable else 'no '}  {speaker.name}: {speaker.remark}", "       ")
    yield ""
    yield "The desktop keeps quiet"
    yield from _quiet(found.quiet)
    yield ""
    yield from _calendars(found)
    yield "What is kept"
    yield from _wrapped(found.store_problem or _short(found.store))
    yield from _coverage(found.coverage)
    yield ""
    yield f"Settings and rules: {found.rules} rules in force"
    for sentence in said(found.asleep):
        yield from _wrapped(f"Asleep, and awake as soon as it is there: {sentence}", "    ")
    if not found.problems:
        yield from _wrapped("Nothing is wrong with them.")
    for problem in found.problems:
        yield from (f"  {line}" for line in problem.split("\n"))


def _sense(sensed: Sensed) -> Iterator[str]:
    meaning = MEANING.get(sensed.sense, sensed.sense)
    if sensed.sensor:
        yield from _wrapped(f"yes  {meaning}: {sensed.sensor}", "       ")
        return
    yield from _wrapped(f"no   {meaning}. {WITHOUT.get(sensed.sense, '')}", "       ")
    for refusal in sensed.refusals:
        yield from _wrapped(f"     {refusal.sensor}: {refusal.why}", "         ")
        if refusal.remedy:
            yield from _wrapped(f"       To do: {refusal.remedy}", "              ")


def _quiet(quiet: DndFindings) -> Iterator[str]:
    if not quiet.wanted:
        yield from _wrapped("No partner time asks for it; `turntoward add` does with --quiet.")
        return
    if quiet.way is None:
        yield from _wrapped(f"no   It cannot here: {quiet.why}. Partner time goes on without it.", "       ")
    else:
        through = "Our nudges get through" if quiet.nudges else "Our nudges do not get through, and are kept, unsaid"
        yield from _wrapped(f"yes  {quiet.server}, by {quiet.way}. {through}; {quiet.how}.", "       ")
    for app in quiet.rings:
        yield from _wrapped(f"     {app} rings.", "       ")
    for app in quiet.held:
        yield from _wrapped(f"     {app} does not ring: it is held back as well.", "       ")
    if quiet.remedy:
        yield from _wrapped(f"     To do: {quiet.remedy}", "            ")
    if quiet.lines:
        # To be copied as they stand: never wrapped, never indented.
        yield f"     For {quiet.file}:"
        yield from ("", *quiet.lines.splitlines())


def _listening(found: Findings) -> Iterator[str]:
    if found.unexpected:
        yield from _wrapped(f"A problem: it listens to the network on {', '.join(found.unexpected)}, and should not.")
    door = set(found.listening) - set(found.unexpected)
    if door:
        yield from _wrapped(
            f"It listens to the network on {', '.join(sorted(door))}: the door for phones, nothing else."
        )
    elif found.pid and not found.unexpected:
        yield from _wrapped("It listens to nothing on the network.")


def _devices(found: Findings) -> Iterator[str]:
    phones = {phone.name: phone for phone in found.phones}
    for device in found.devices:
        how = f" ({_paired(phones[device.name])})" if device.name in phones else ""
        yield from _wrapped(f"{device.name}{how}: {_known(device)}", "    ")
        if device.name in phones:
            yield from _adb(phones[device.name])
    for phone in found.phones:
        if not phone.through_door and phone.adb is None:
            until = (
                f"its link works until {phone.link_until.astimezone():%H:%M}"
                if phone.link_until
                else ("its link was not used in time; `turntoward phone pair` makes a new one")
            )
            yield from _wrapped(f"{phone.name}: not paired yet; {until}.", "    ")
    if not found.devices:
        yield from _wrapped("Nothing is kept yet.")
    elif not found.phones:
        yield from _wrapped('No phone is paired; `turntoward phone pair "my phone"` pairs one.')
    if found.door and found.door.open:
        yield from _wrapped(f"The door for phones is open at {found.door.url}.", "    ")
    elif found.door and found.door.wanted:
        yield from _wrapped(f"The door for phones at {found.door.url} is shut: {found.door.why}.", "    ")
    elif found.door:
        yield from _wrapped("The door for phones is shut: no phone needs it.")


def _paired(phone: PhoneFound) -> str:
    ways = ["through the door"] if phone.through_door else []
    ways += [f"adb {phone.adb}"] if phone.adb is not None else []
    since = f", paired {phone.paired.astimezone():%d %b}" if phone.paired else ""
    return " and ".join(ways) + since


def _known(device: DeviceKnown) -> str:
    if not device.lived:
        return "there was no partner time."
    if not device.spoke:
        return "it said nothing, so nothing is known of it."
    return f"{say_length(device.known)} of {say_length(device.lived)} are known."


def _adb(phone: PhoneFound) -> Iterator[str]:
    if phone.adb is not None and phone.refusal is None:
        yield from _wrapped("  adb reaches it now.", "    ")
    elif phone.refusal is not None:
        yield from _wrapped(f"  adb does not reach it: {phone.refusal.why}", "    ")
        if phone.refusal.remedy:
            yield from _wrapped(f"  To do: {phone.refusal.remedy}", "           ")


def _calendars(found: Findings) -> Iterator[str]:
    if not found.calendars:
        return
    from detector.cli.calendar.age import say_found  # noqa: PLC0415 - not for --help

    yield "Calendars that you subscribed to"
    for each in found.calendars:
        where = f"{_short(each.at)}, on the local network" if each.local else _short(each.at)
        yield from _wrapped(f"{each.name} ({where}): {say_found(each)}.", "    ")
        if each.shut_out:
            yield from _wrapped(f"  To do: {each.shut_out}.", "         ")
    yield ""


def _coverage(coverage: tuple[Covered, ...]) -> Iterator[str]:
    if not coverage:
        yield from _wrapped("No partner time in the last seven days.")
    for each in coverage[-SHOWN:]:
        share = each.known / each.lasted if each.lasted else 0.0
        when = f"{each.began.astimezone():%a %d %b, %H:%M}"
        yield from _wrapped(f"{when}: {share:.0%} of it was sensed.")


def _short(path: str) -> str:
    from pathlib import Path  # noqa: PLC0415 - not for --help

    home = str(Path.home())
    return "~" + path.removeprefix(home) if path.startswith(home + "/") else path


def _wrapped(text: str, later: str = "  ") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent="  ",
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _as_json(found: Findings) -> str:
    import json  # noqa: PLC0415 - not for --help
    from dataclasses import asdict  # noqa: PLC0415 - not for --help
    from datetime import datetime, timedelta  # noqa: PLC0415 - not for --help

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, timedelta):
            return value.total_seconds()
        raise TypeError(type(value).__name__)

    return json.dumps(asdict(found), default=plain, ensure_ascii=False, indent=2)
