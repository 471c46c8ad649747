"""Subscribe to a calendar, and ask one anew: fetched at once, said back, and kept only if it was good.

Rule 1: a wrong address, a calendar that cannot be read and a no leave nothing behind.
Rule 2: an address is shown as who is asked, never whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from detector.calendars.connection import FetchFailed
from detector.calendars.fetching import FetchedCalendar, fetch
from detector.calendars.reading import read_calendar
from detector.calendars.urls import InvalidUrl, display_place, is_url, parse_url
from detector.cli.calendar.progress import patience
from detector.cli.calendar.selection import choose_calendar, say_choice
from detector.cli.network import update_network_access
from detector.cli.plan import context as declared
from detector.config.read import read_settings
from detector.config.settings import Settings
from detector.daemon.calendar_refresh import EMPTY, TOO_MANY, Refreshed, has_too_many, refresh, take_over
from detector.errors import Problem, TurntowardError, UserError
from detector.partner_time.describe import say_partner_time
from detector.partner_time.proposals import Calendar, EventFilter
from detector.paths import config_path
from detector.zone import local_zone, local_zone_name
from rules.lengths import say_length

if TYPE_CHECKING:
    from detector.calendars.model import ParsedCalendar
    from detector.calendars.proposing import ProposalChanges
    from detector.store.store import Store

MAX_NAME_LENGTH: Final = 80
SHOWN: Final = 3
BELIEVED: Final = "If that is meant, add --yes to take them back."
SEEN: Final = "Whoever runs {host} sees that this device asks, from where and when; not what you accept or decline."
PLAIN: Final = "This is plain http: anybody on the way there can read the calendar and change what comes."


def subscribe(
    place: str, chosen_by: EventFilter | None, *, name: str | None, accepts: bool, local: bool, yes: bool
) -> None:
    """Fetch the calendar now, say what it proposes, and keep it as one to be asked again and again.

    Raises:
        UserError: with everything that is wrong; nothing is kept.
        TurntowardError: if it cannot be fetched now; nothing is kept.
    """
    choice = chosen_by or EventFilter()
    with declared.opened() as store:
        calendar = _checked(store.calendars.all(), place, choice, name, accepts=accepts, local=local)
        try:
            with patience(calendar) as progress:
                fetched = _first_copy(calendar)
                reading = read_calendar(
                    fetched.content,
                    choice=choice,
                    zone=local_zone_name(),
                    monotonic=declared.CLOCK.monotonic,
                    progress=progress,
                )
        except FetchFailed as failed:
            raise TurntowardError(f"{_capital(failed.why)}.\n  Nothing was kept.") from None
        if has_too_many(reading, declared.CLOCK.now()):
            raise UserError(f"{_capital(TOO_MANY)}.\n  Nothing was kept.")
        calendar = _named(calendar, reading, store.calendars.all())
        for sentence in _what_it_says(calendar, reading):
            declared.say(sentence)
        if not yes:
            _ask(calendar)
        done = take_over(store, calendar, fetched, reading, declared.CLOCK.now())
        update_network_access(store)
    declared.conclude(
        [f"You are subscribed to {calendar.name}. {_how_often()}", *_what_changed(done.changes, accepts=accepts)]
    )


def refresh_now(name: str | None, *, yes: bool) -> None:
    """Ask the calendar of this name now, or every one that is subscribed to, and say what changed.

    Raises:
        UserError: if there is none, or if it is empty all of a sudden and nobody says that this is meant.
        TurntowardError: if one could not be fetched; what it proposed stays.
    """
    failed: list[str] = []
    sentences: list[str] = []
    unsure: list[Problem] = []
    with declared.opened() as store:
        for calendar in chosen(store.calendars.all(), name):
            with patience(calendar) as progress:
                done = refresh(store, calendar, declared.CLOCK, progress=progress)
            if done.calendar is not None and done.calendar.why == EMPTY:
                if not yes and declared.nobody_to_ask():
                    unsure.append(Problem(message=f"{_empty(store, calendar)}; nothing was changed.", hint=BELIEVED))
                    continue
                done = _believe(store, calendar, yes=yes)
            if done.calendar is not None and done.calendar.why is not None:
                failed.append(f"{calendar.name}: {done.calendar.why}.")
            else:
                changed = _what_changed(done.changes, accepts=calendar.accepts) or ["Nothing changed."]
                sentences.append(" ".join([f"{calendar.name}:", *changed, *_what_is_wrong(done.reading)]))
    if sentences:
        declared.conclude(sentences)
    if unsure:
        raise UserError([*(Problem(message=each) for each in failed), *unsure])
    if failed:
        raise TurntowardError("\n".join([*failed, "  What was proposed before stays in force."]))


def chosen(calendars: Sequence[Calendar], name: str | None) -> list[Calendar]:
    """Return the subscriptions, or the one of this name or number.

    Raises:
        UserError: if there is none.
    """
    subscribed = [each for each in calendars if each.subscribed]
    if name is None:
        if not subscribed:
            raise UserError("You are subscribed to no calendar.\n  `turntoward calendar subscribe --help` shows how.")
        return subscribed
    found = choose_calendar(calendars, name)
    if not found.subscribed:
        raise UserError(
            f"{found.name} was imported once and is not asked again.\n"
            "  `turntoward calendar subscribe` asks one again and again."
        )
    return [found]


def _checked(
    known: Sequence[Calendar], place: str, choice: EventFilter, name: str | None, *, accepts: bool, local: bool
) -> Calendar:
    problems: list[Problem] = []
    if is_url(place):
        try:
            parse_url(place)
        except InvalidUrl as wrong:
            hint = "a file is written as its path" if place.lower().startswith("file:") else None
            problems.append(Problem(message=f"the address {wrong}", file="FILE|URL", hint=hint))
    else:
        place = str(Path(place).expanduser().absolute())
        if local:
            problems.append(Problem(message="belongs to an address, and this is a file", file="--local"))
    same = next((each for each in known if each.subscribed and each.place == place), None)
    if same is not None:
        hint = f"`turntoward calendar refresh '{same.name}'` asks it now"
        problems.append(
            Problem(message=f"you are subscribed to it already, as {same.name}", file="FILE|URL", hint=hint)
        )
    if name is not None:
        problems += _name_problems(name.strip(), known)
    if problems:
        raise UserError(problems)
    return Calendar(
        name="" if name is None else name.strip(),
        place=place,
        choice=choice,
        subscribed=True,
        accepts=accepts,
        local=local,
    )


def _name_problems(name: str, known: Sequence[Calendar]) -> list[Problem]:
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        return [Problem(message=f"a name has 1 to {MAX_NAME_LENGTH} characters that can be shown", file="--name")]
    if any(each.name.casefold() == name.casefold() for each in known):
        hint = "give this one another with --name"
        return [Problem(message=f"there is a calendar called {name} already", file="--name", hint=hint)]
    return []


def _first_copy(calendar: Calendar) -> FetchedCalendar:
    fetched = fetch(calendar)
    if fetched is None:
        raise FetchFailed("the server says that nothing changed, though nothing of it is known here")
    return fetched


def _named(calendar: Calendar, reading: ParsedCalendar, known: Sequence[Calendar]) -> Calendar:
    if calendar.name:
        return calendar
    place = calendar.place
    name = (reading.name or (parse_url(place).host if is_url(place) else Path(place).stem)).strip()[:MAX_NAME_LENGTH]
    problems = _name_problems(name, known)
    if problems:
        raise UserError(problems)
    return replace(calendar, name=name)


def _what_it_says(calendar: Calendar, reading: ParsedCalendar) -> Iterator[str]:
    if is_url(calendar.place) and parse_url(calendar.place).scheme == "http":
        yield PLAIN
    if is_url(calendar.place):
        yield SEEN.format(host=parse_url(calendar.place).host)
    events = f"{reading.event_count:,} {'event stands' if reading.event_count == 1 else 'events stand'}"
    meant = {0: "none of them is", 1: "one of them is"}.get(
        reading.chosen_count, f"{reading.chosen_count:,} of them are"
    )
    yield f"In {calendar.name} ({display_place(calendar.place)}) {events}; {meant} meant as partner time: {say_choice(calendar.choice)}."
    now, zone = declared.CLOCK.now(), local_zone()
    for event in reading.events[:SHOWN]:
        yield f"  {say_partner_time(event.partner_time, now, zone)}"
    if len(reading.events) > SHOWN:
        yield f"  and {len(reading.events) - SHOWN:,} more"
    yield from _what_is_wrong(reading)


def _what_is_wrong(reading: ParsedCalendar | None) -> list[str]:
    if reading is None or not reading.problems:
        return []
    few = [str(wrong) for wrong in reading.problems[:SHOWN]]
    more = [f"{len(reading.problems) - SHOWN:,} more"] if len(reading.problems) > SHOWN else []
    return [f"Not understood: {'; '.join([*few, *more])}."]


def _ask(calendar: Calendar) -> None:
    if declared.nobody_to_ask():
        raise UserError(f"Nothing was kept, for nobody can be asked here. Add --yes to subscribe to {calendar.name}.")
    if not click.confirm(f"Subscribe to {calendar.name}?"):
        declared.say("Nothing was kept.")
        raise click.exceptions.Exit(0)


def _empty(store: Store, calendar: Calendar) -> str:
    count = len(store.calendars.proposals(calendar.number))
    return f"There is no event in {calendar.name} any more, and {count:,} had been proposed"


def _believe(store: Store, calendar: Calendar, *, yes: bool) -> Refreshed:
    if not yes and not click.confirm(f"{_empty(store, calendar)}. Take all of it back?"):
        return Refreshed(calendar=calendar)
    return refresh(store, calendar, declared.CLOCK, believes=True)


def _what_changed(changes: ProposalChanges | None, *, accepts: bool) -> list[str]:
    if not changes:
        return []
    sentences = []
    if changes.accepted:
        count = len(changes.accepted)
        sentences.append(
            f"{count:,} {'is' if count == 1 else 'are'} accepted; `turntoward list` shows what is declared."
        )
    if changes.open:
        count = len(changes.open)
        waits = "proposal waits" if count == 1 else "proposals wait"
        sentences.append(f"{count:,} {waits} for your answer; `turntoward calendar proposals` shows what is proposed.")
    if changes.shortened:
        sentences.append(f"Of {len(changes.shortened):,} accepted before, single times were taken back.")
    if changes.gone:
        sentences.append(f"{len(changes.gone):,} proposed before {'is' if len(changes.gone) == 1 else 'are'} gone.")
    if not accepts and changes.open:
        sentences.append("Nothing of it starts until you accept it.")
    return sentences


def _how_often() -> str:
    try:
        interval = read_settings(config_path()).calendars.refresh
    except UserError:  # what is wrong there `doctor` says
        interval = Settings().calendars.refresh
    return f"It is asked anew every {say_length(interval)}, while Turntoward runs."


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
