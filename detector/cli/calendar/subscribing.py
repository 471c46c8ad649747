"""Subscribe to a calendar, refresh and remove calendars: fetched at once, reported, and stored only if it was good.

Invariant 1: after a wrong URL, a calendar that cannot be read, or the answer no, nothing is stored.
Invariant 2: of a URL only its host is shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from detector.calendars.connection import FetchFailed
from detector.calendars.fetching import FetchedCalendar, fetch
from detector.calendars.model import ParsedCalendar
from detector.calendars.proposing import ProposalChanges
from detector.calendars.reading import read_calendar
from detector.calendars.urls import InvalidUrl, display_place, is_url, parse_url
from detector.cli import output
from detector.cli.calendar.age import format_problems
from detector.cli.calendar.output import MAX_SHOWN as MAX_LISTED
from detector.cli.calendar.output import print_rest
from detector.cli.calendar.progress import show_progress
from detector.cli.calendar.selection import MAX_NAME_LENGTH, choose_calendar, describe_filter, name_problem
from detector.cli.network import update_network_access, wake_with_network
from detector.cli.plan import context
from detector.config.read import read_settings
from detector.config.settings import Settings
from detector.daemon.calendar_refresh_process import EMPTY, TOO_MANY, RefreshResult, has_too_many, refresh, store_copy
from detector.errors import Problem, TurntowardError, UserError
from detector.i18n import _, plural
from detector.partner_time.describe import format_partner_time
from detector.paths import config_path
from detector.store.model import Calendar, EventFilter
from detector.store.store import Store
from detector.zone import local_zone, local_zone_name
from rules.lengths import format_length

MAX_SHOWN: Final = 3


def subscribe(
    place: str, chosen: EventFilter | None, *, name: str | None, accepts: bool, local: bool, yes: bool
) -> None:
    events = chosen or EventFilter()
    nothing = _("Nothing was kept.")
    with context.open_store() as store:
        calendar = _checked(store.calendars.all(), place, events, name, accepts=accepts, local=local)
        try:
            with show_progress(calendar) as progress:
                fetched = _first_copy(calendar)
                parsed = read_calendar(
                    fetched.content,
                    choice=events,
                    zone=local_zone_name(),
                    now=context.CLOCK.now(),
                    monotonic=context.CLOCK.monotonic,
                    progress=progress,
                )
        except FetchFailed as error:
            raise TurntowardError(f"{_capitalized(error.why)}.\n  {nothing}") from None
        if has_too_many(parsed, context.CLOCK.now()):
            raise UserError(f"{_capitalized(TOO_MANY)}.\n  {nothing}")
        calendar = _with_name(calendar, parsed, store.calendars.all())
        for sentence in _first_report(calendar, parsed):
            output.print_text(sentence)
        question = _("Subscribe to {name}?").format(name=calendar.name)
        with_yes = _("Add --yes to subscribe to {name}.").format(name=calendar.name)
        if not output.confirm(question, yes=yes, unchanged=nothing, with_yes=with_yes):
            raise click.exceptions.Exit(0)
        done = store_copy(store, calendar, fetched, parsed, context.CLOCK.now(), is_confirmed=True)
        # The service may be forbidden the network until the first subscription.
        update_network_access(store)
    subscribed = _("You are subscribed to {name}. It is read again every {interval}, while Turntoward runs.")
    context.wake_and_report(
        [subscribed.format(name=calendar.name, interval=_interval()), *_changes(done.changes, accepts=accepts)]
    )


def refresh_now(name: str | None, *, yes: bool) -> None:
    failed: list[str] = []
    sentences: list[str] = []
    unconfirmed: list[Problem] = []
    with context.open_store() as store:
        for calendar in subscriptions(store.calendars.all(), name):
            with show_progress(calendar) as progress:
                done = refresh(store, calendar, context.CLOCK, progress=progress)
            # Many servers answer with an empty calendar when they fail: taking everything back needs a yes.
            if done.calendar is not None and done.calendar.why == EMPTY:
                if not yes and not output.is_interactive():
                    message = _("{problem}; nothing was changed.").format(problem=_empty(store, calendar))
                    unconfirmed.append(
                        Problem(message=message, hint=_("If that is meant, add --yes to take them back."))
                    )
                    continue
                done = _refresh_emptied(store, calendar, yes=yes)
            if done.calendar is not None and done.calendar.why is not None:
                failed.append(f"{calendar.name}: {done.calendar.why}.")
            else:
                changes = list(_changes(done.changes, accepts=calendar.auto_accepts)) or [_("Nothing changed.")]
                sentences.append(" ".join([f"{calendar.name}:", *changes, *_problems(done.reading)]))
    if sentences:
        context.wake_and_report(sentences)
    if unconfirmed:
        raise UserError([*(Problem(message=message) for message in failed), *unconfirmed])
    if failed:
        raise TurntowardError("\n".join([*failed, f"  {_('What was proposed before stays in force.')}"]))


def remove_calendar(which: str, *, yes: bool) -> None:
    with context.open_store() as store:
        calendar = choose_calendar(store.calendars.all(), which)
        before = context.read_plan(store)
        numbers = {proposal.accepted_as for proposal in store.calendars.proposals(calendar.number)} - {None}
        accepted = [
            format_partner_time(partner_time, before.now, before.zone)
            for partner_time in before.partner_times
            if partner_time.number in numbers
        ]
        if not yes and output.is_interactive():
            _print_accepted(_("With it goes what you accepted:"), accepted)
        question = _("Remove {name}?").format(name=calendar.name)
        with_yes = _("Add --yes to remove {name}.").format(name=calendar.name)
        if not output.confirm(question, yes=yes, unchanged=_("Nothing was removed."), with_yes=with_yes):
            return
        if calendar.number is not None:
            store.calendars.remove(calendar.number)
        after = context.read_plan(store)
        runs = wake_with_network(store)
    output.print_text(_("Removed: {name}.").format(name=calendar.name))
    if yes:
        _print_accepted(_("With it went what you had accepted:"), accepted)
    if any(occurrence.partner_time in numbers for occurrence in before.under_way):
        output.print_text(_("What was under way of it ends now."))
    for sentence in [*after.state_sentences(), *([] if runs else [context.NOT_RUNNING])]:
        output.print_text(sentence)


def subscriptions(calendars: Sequence[Calendar], name: str | None) -> list[Calendar]:
    """Return the subscriptions, or the one of this name or number. Raises `UserError` if there is none."""
    subscribed = [calendar for calendar in calendars if calendar.subscribed]
    if name is None:
        if not subscribed:
            raise UserError(
                _("You are subscribed to no calendar.\n  `turntoward calendar subscribe --help` shows how.")
            )
        return subscribed
    calendar = choose_calendar(calendars, name)
    if not calendar.subscribed:
        problem = _(
            "{name} was imported once and is not asked again.\n"
            "  `turntoward calendar subscribe` asks one again and again."
        )
        raise UserError(problem.format(name=calendar.name))
    return [calendar]


def _checked(
    known: Sequence[Calendar], place: str, events: EventFilter, name: str | None, *, accepts: bool, local: bool
) -> Calendar:
    problems: list[Problem] = []
    if is_url(place):
        try:
            parse_url(place)
        except InvalidUrl as error:
            hint = _("a file is written as its path") if place.lower().startswith("file:") else None
            message = _("the address {problem}").format(problem=error)
            problems.append(Problem(message=message, file="FILE|URL", hint=hint))
    else:
        place = str(Path(place).expanduser().absolute())
        if local:
            problems.append(Problem(message=_("belongs to an address, and this is a file"), file="--local"))
    same = next((calendar for calendar in known if calendar.subscribed and calendar.location == place), None)
    if same is not None:
        message = _("you are subscribed to it already, as {name}").format(name=same.name)
        hint = _("`turntoward calendar refresh '{name}'` asks it now").format(name=same.name)
        problems.append(Problem(message=message, file="FILE|URL", hint=hint))
    if name is not None:
        problems += _name_problems(name.strip(), known)
    if problems:
        raise UserError(problems)
    return Calendar(
        name="" if name is None else name.strip(),
        location=place,
        choice=events,
        subscribed=True,
        auto_accepts=accepts,
        local=local,
    )


def _name_problems(name: str, known: Sequence[Calendar]) -> list[Problem]:
    problem = name_problem(name)
    if problem is None and any(calendar.name.casefold() == name.casefold() for calendar in known):
        message = _("there is a calendar called {name} already").format(name=name)
        problem = Problem(message=message, file="--name", hint=_("give this one another with --name"))
    return [] if problem is None else [problem]


def _first_copy(calendar: Calendar) -> FetchedCalendar:
    # The first request has no ETag, so the answer 'nothing changed' is a mistake of the server.
    fetched = fetch(calendar)
    if fetched is None:
        raise FetchFailed(_("the server says that nothing changed, but it was never fetched here"))
    return fetched


def _with_name(calendar: Calendar, parsed: ParsedCalendar, known: Sequence[Calendar]) -> Calendar:
    if calendar.name:
        return calendar
    place = calendar.location
    name = (parsed.name or (parse_url(place).host if is_url(place) else Path(place).stem)).strip()[:MAX_NAME_LENGTH]
    if problems := _name_problems(name, known):
        raise UserError(problems)
    return replace(calendar, name=name)


def _first_report(calendar: Calendar, parsed: ParsedCalendar) -> Iterator[str]:
    if is_url(calendar.location):
        url = parse_url(calendar.location)
        if url.scheme == "http":
            yield _("This is plain http: anybody on the way there can read the calendar and change what comes.")
        sees = _("Whoever runs {host} sees that this device asks, from where and when; not what you accept or decline.")
        yield sees.format(host=url.host)
    chosen = {0: _("none of them is"), 1: _("one of them is")}.get(parsed.chosen_count, _("{count} of them are"))
    yield plural(
        "In {name} ({place}) there is {count} event; {chosen} meant as partner time: {filter}.",
        "In {name} ({place}) there are {count} events; {chosen} meant as partner time: {filter}.",
        parsed.event_count,
        name=calendar.name,
        place=display_place(calendar.location),
        chosen=chosen.format(count=f"{parsed.chosen_count:,}"),
        filter=describe_filter(calendar.choice),
    )
    now, zone = context.CLOCK.now(), local_zone()
    for event in parsed.events[:MAX_SHOWN]:
        yield f"  {format_partner_time(event.partner_time, now, zone)}"
    if len(parsed.events) > MAX_SHOWN:
        yield "  " + _("and {count} more").format(count=f"{len(parsed.events) - MAX_SHOWN:,}")
    yield from _problems(parsed)


def _problems(parsed: ParsedCalendar | None) -> list[str]:
    return format_problems([] if parsed is None else list(map(str, parsed.problems)))


def _empty(store: Store, calendar: Calendar) -> str:
    problem = _("There is no event in {name} any more, and {count} had been proposed")
    return problem.format(name=calendar.name, count=f"{len(store.calendars.proposals(calendar.number)):,}")


def _refresh_emptied(store: Store, calendar: Calendar, *, yes: bool) -> RefreshResult:
    question = _("{problem}. Take all of it back?").format(problem=_empty(store, calendar))
    if not yes and not click.confirm(question):
        return RefreshResult(calendar=calendar)
    return refresh(store, calendar, context.CLOCK, accept_empty=True)


def _changes(changes: ProposalChanges | None, *, accepts: bool) -> Iterator[str]:
    if not changes:
        return
    if count := len(changes.accepted):
        yield plural(
            "{count} is accepted; `turntoward list` shows what is declared.",
            "{count} are accepted; `turntoward list` shows what is declared.",
            count,
        )
    if count := len(changes.waiting):
        yield plural(
            "{count} proposal waits for your answer; `turntoward calendar proposals` shows what is proposed.",
            "{count} proposals wait for your answer; `turntoward calendar proposals` shows what is proposed.",
            count,
        )
    if count := len(changes.shortened):
        yield _("Of {count} accepted before, single times were taken back.").format(count=f"{count:,}")
    if count := len(changes.gone):
        yield plural("{count} proposed before is gone.", "{count} proposed before are gone.", count)
    if not accepts and changes.waiting:
        yield _("Nothing of it starts until you accept it.")


def _interval() -> str:
    try:
        return format_length(read_settings(config_path()).calendars.refresh)
    except UserError:  # `doctor` reports what is wrong there
        return format_length(Settings().calendars.refresh)


def _capitalized(words: str) -> str:
    return words[:1].upper() + words[1:]


def _print_accepted(heading: str, accepted: Sequence[str]) -> None:
    if not accepted:
        return
    output.print_text(heading)
    for words in accepted[:MAX_LISTED]:
        output.print_text(words, first="  ", later="    ")
    print_rest(len(accepted))
