"""`turntoward doctor`: what can be sensed here, why the rest cannot, and what to do about it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from detector.cli.calendar.age import format_age, format_problems
from detector.cli.output import print_json, wrap
from detector.clock import SystemClock
from detector.doctor.checks import Findings, SenseFound, examine
from detector.doctor.dnd import DndFindings
from detector.doctor.phones import DeviceKnown, PhoneFound
from detector.i18n import _, format_clock
from detector.partner_time.day_names import format_short_day
from detector.rulebook.unusable import summarize
from detector.sensors import SESSION_TYPE_NAMES
from detector.zone import local_zone
from rules.lengths import format_length

# How many of the last partner times are listed with how much of them was sensed.
MAX_OCCURRENCES: Final = 3
YES: Final = _("yes")
NO: Final = _("no ")  # as wide as "yes"
MEANING: Final = {
    "focus": _("what is in front"),
    "idle": _("whether somebody is there"),
    "input": _("scrolls, keys and clicks, counted"),
    "session": _("locking and sleep"),
    "quiet": _("Do Not Disturb"),
    "media": _("whether a film or music plays, never what"),
    "call": _("whether a microphone or a camera is in use, never by whom"),
}
WITHOUT: Final = {
    "focus": _("Without it there is nothing to notice: partner time begins and ends, and that is all."),
    "idle": _("Without it nobody knows whether you are at the device, and every use counts as unknown."),
    "input": _("Without it rules go by time rather than by scrolling."),
    "session": _("Without it a locked screen is noticed as idleness, a little later."),
    "quiet": _("Without it a nudge does not wait for Do Not Disturb to end."),
    "media": _("Without it a film that you watch together counts as any other video."),
    "call": _("Without it a nudge does not wait for a call to end."),
}


def write_findings(*, as_json: bool) -> None:
    findings = asyncio.run(examine(SystemClock()))
    if as_json:
        print_json(findings)
        return
    for line in _lines(findings):
        click.echo(line)


def _lines(findings: Findings) -> Iterator[str]:
    yield _("The program")
    yield from _indented(
        _("It runs (process {pid}).").format(pid=findings.pid)
        if findings.pid
        else _("It does not run; `turntoward run` starts it.")
    )
    if findings.files:
        text = _("Its store is {store}, its runtime folder {runtime}.")
        yield from _indented(text.format_map({name: _with_tilde(path) for name, path in findings.files.items()}))
    yield from _indented(
        _("It starts with your session: {file}.").format(file=_with_tilde(findings.service))
        if findings.service
        else _("It does not start by itself; `turntoward service install` changes that.")
    )
    yield from _listening(findings)
    if findings.not_shown is not None:
        text = _("Nothing is sensed: that partner time has begun could not be shown to anybody ({why}).")
        yield from _indented(text.format(why=findings.not_shown or _("it is just being tried")))
        remedy = _(
            "To do: start a notification server; where there is no screen, set screen = false in [notifications]."
        )
        yield from _indented(remedy)
    yield ""
    yield _("Senses; this session is {session}").format(session=SESSION_TYPE_NAMES[findings.session])
    if not findings.has_screen:
        yield from _indented(_("This device has no screen, by your settings: only phones are sensed."))
    for sensed in findings.senses:
        yield from _sense(sensed)
    yield ""
    yield _("Your devices, in the partner times of the last seven days")
    yield from _devices(findings)
    yield ""
    yield _("Notifiers; the first that works is used")
    for notifier in findings.notifiers:
        yield from _indented(f"{YES if notifier.usable else NO}  {notifier.name}: {notifier.remark}", "       ")
    yield ""
    yield _("The desktop keeps quiet")
    yield from _quiet(findings.dnd)
    yield ""
    yield from _calendars(findings)
    yield _("What is kept")
    yield from _indented(findings.store_problem or _with_tilde(findings.store))
    if not findings.coverage:
        yield from _indented(_("No partner time in the last seven days."))
    for occurrence in findings.coverage[-MAX_OCCURRENCES:]:
        share = occurrence.known / occurrence.lasted if occurrence.lasted else 0.0
        began = occurrence.began.astimezone()
        when = f"{format_short_day(began)}, {format_clock(began)}"
        yield from _indented(_("{when}: {share} of it was sensed.").format(when=when, share=f"{share:.0%}"))
    yield ""
    yield _("Settings and rules: {count} rules in force").format(count=findings.rules)
    for sentence in summarize(findings.unusable_rules):
        yield from _indented(_("These rules need more than is sensed here: {rules}").format(rules=sentence), "    ")
    if not findings.problems:
        yield from _indented(_("Nothing is wrong with them."))
    for problem in findings.problems:
        yield from (f"  {line}" for line in problem.split("\n"))


def _sense(sensed: SenseFound) -> Iterator[str]:
    meaning = MEANING.get(sensed.sense, sensed.sense)
    if sensed.sensor:
        yield from _indented(f"{YES}  {meaning}: {sensed.sensor}", "       ")
        return
    yield from _indented(f"{NO}  {meaning}. {WITHOUT.get(sensed.sense, '')}", "       ")
    for refusal in sensed.refusals:
        yield from _indented(f"     {refusal.sensor}: {refusal.why}", "         ")
        if refusal.remedy:
            yield from _indented(_("       To do: {remedy}").format(remedy=refusal.remedy), "              ")


def _quiet(quiet: DndFindings) -> Iterator[str]:
    if not quiet.wanted:
        yield from _indented(_("No partner time asks for it; `turntoward add` does with --quiet."))
        return
    if quiet.dnd_name is None:
        text = _("It cannot here: {why}. Partner time goes on without it.").format(why=quiet.why)
        yield from _indented(f"{NO}  {text}", "       ")
    else:
        text = (
            _("{server}, by {way}. Our nudges get through; {how}.")
            if quiet.nudges
            else _("{server}, by {way}. Our nudges do not get through, and are stored without being shown; {how}.")
        )
        text = text.format(server=quiet.server, way=quiet.dnd_name, how=quiet.others_go_to)
        yield from _indented(f"{YES}  {text}", "       ")
    for app in quiet.allowed:
        yield from _indented(_("     {app} rings.").format(app=app), "       ")
    for app in quiet.silenced:
        yield from _indented(_("     {app} does not ring: it is held back as well.").format(app=app), "       ")
    if quiet.remedy:
        yield from _indented(_("     To do: {remedy}").format(remedy=quiet.remedy), "            ")
    if quiet.lines:
        # These lines are copied into a file as they are, so they are neither wrapped nor indented.
        yield _("     For {file}:").format(file=quiet.file)
        yield from ("", *quiet.lines.splitlines())


def _listening(findings: Findings) -> Iterator[str]:
    if findings.unexpected:
        text = _("A problem: it listens to the network on {addresses}, and should not.")
        yield from _indented(text.format(addresses=", ".join(findings.unexpected)))
    expected = sorted(set(findings.listening) - set(findings.unexpected))
    if expected:
        text = _("It listens to the network on {addresses}: the phone API, nothing else.")
        yield from _indented(text.format(addresses=", ".join(expected)))
    elif findings.pid and not findings.unexpected:
        yield from _indented(_("It listens to nothing on the network."))


def _devices(findings: Findings) -> Iterator[str]:
    phones = {phone.name: phone for phone in findings.phones}
    for device in findings.devices:
        how = f" ({_paired(phones[device.name])})" if device.name in phones else ""
        yield from _indented(f"{device.name}{how}: {_known(device)}", "    ")
        if device.name in phones:
            yield from _adb(phones[device.name])
    for phone in findings.phones:
        if not phone.uses_phone_api and phone.adb is None:
            yield from _indented(_not_paired(phone), "    ")
    if not findings.devices:
        yield from _indented(_("Nothing is kept yet."))
    elif not findings.phones:
        yield from _indented(_('No phone is paired; `turntoward phone pair "my phone"` pairs one.'))
    if findings.phone_api and findings.phone_api.open:
        yield from _indented(_("The phone API is open at {url}.").format(url=findings.phone_api.url), "    ")
    elif findings.phone_api and findings.phone_api.wanted:
        text = _("The phone API at {url} is closed: {why}.")
        yield from _indented(text.format(url=findings.phone_api.url, why=findings.phone_api.why), "    ")
    elif findings.phone_api:
        yield from _indented(_("The phone API is closed: no phone needs it."))


def _not_paired(phone: PhoneFound) -> str:
    if phone.link_until:
        text = _("{phone}: not paired yet; its link works until {time}.")
        return text.format(phone=phone.name, time=format_clock(phone.link_until.astimezone()))
    text = _("{phone}: not paired yet; its link was not used in time; `turntoward phone pair` makes a new one.")
    return text.format(phone=phone.name)


def _paired(phone: PhoneFound) -> str:
    ways = [_("through the phone API")] if phone.uses_phone_api else []
    ways += [f"adb {phone.adb}"] if phone.adb is not None else []
    joined = _(" and ").join(ways)
    if not phone.paired:
        return joined
    return _("{ways}, paired {day}").format(ways=joined, day=f"{phone.paired.astimezone():%d %b}")


def _known(device: DeviceKnown) -> str:
    if not device.duration:
        return _("there was no partner time.")
    if not device.spoke:
        return _("it reported nothing, so nothing is known of it.")
    text = _("{known} of {all} are known.")
    return text.format(known=format_length(device.known), all=format_length(device.duration))


def _adb(phone: PhoneFound) -> Iterator[str]:
    if phone.adb is not None and phone.refusal is None:
        yield from _indented(_("  adb reaches it now."), "    ")
    elif phone.refusal is not None:
        yield from _indented(_("  adb does not reach it: {why}").format(why=phone.refusal.why), "    ")
        if phone.refusal.remedy:
            yield from _indented(_("  To do: {remedy}").format(remedy=phone.refusal.remedy), "           ")


def _calendars(findings: Findings) -> Iterator[str]:
    if not findings.calendars:
        return
    # This section ends with its own blank line, as it is left out where there are no calendars.
    yield _("Calendars")
    for calendar in findings.calendars:
        where = _("{address}, on the local network") if calendar.local else "{address}"
        where = where.format(address=_with_tilde(calendar.at))
        age = format_age(calendar.asked, calendar.refreshed, calendar.why, SystemClock().now(), local_zone())
        yield from _indented(f"{calendar.name} ({where}): {age}.", "    ")
        for sentence in format_problems(calendar.not_understood):
            yield from _indented(f"  {sentence}", "         ")
        if calendar.shut_out:
            yield from _indented(_("  To do: {remedy}.").format(remedy=calendar.shut_out), "         ")
    yield ""


def _with_tilde(path: str) -> str:
    home = str(Path.home())
    return "~" + path.removeprefix(home) if path.startswith(home + "/") else path


def _indented(text: str, later: str = "  ") -> list[str]:
    return wrap(text, "  ", later)
