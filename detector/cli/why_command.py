"""`turntoward why`: why a nudge came, and why none did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from detector.core.attention.settings import AttentionSettings
    from detector.core.effects import Moment
    from detector.store.model import KeptOccurrence
    from detector.store.store import Store
    from rules.model import FeatureKey, Rule, Value

WIDTH: Final = 80
NOTHING_KEPT: Final = "Nothing is kept yet, so there is nothing to explain."


@click.command(epilog="Example: turntoward why not 19:10")
@click.argument("what", nargs=-1, metavar="[NUMBER | not [HH:MM | NUMBER]]")
@click.option("--on", "day", metavar="DATE", help="An evening, such as 2026-11-23; without it the last one.")
@click.option("--list", "listed", is_flag=True, help="List the evening's moments with their numbers.")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def command(*, what: tuple[str, ...], day: str | None, listed: bool, as_json: bool) -> None:
    """Say why the last nudge came, or the moment NUMBER.

    The rule and its words, what was measured, what would have kept it quiet, and what came of it.

    `why not` says why nothing was said: of the last moment that passed in silence, of the moment NUMBER, or at the
    instant HH:MM, to which the evening is played again through the same core.
    """
    from detector.errors import UserError  # noqa: PLC0415 - not for --help
    from detector.paths import rules_dir, store_path  # noqa: PLC0415 - not for --help
    from detector.rulebook.loading import load_rules  # noqa: PLC0415 - not for --help
    from detector.store.failures import NothingKept  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help
    from detector.zone import reader_zone  # noqa: PLC0415 - not for --help

    negated, wanted = _asked(what)
    try:
        store = Store.open(store_path(), read_only=True)
    except NothingKept:
        raise UserError(NOTHING_KEPT) from None
    with store:
        zone = reader_zone()
        asking = _Asking(store, load_rules(rules_dir()).rules, zone, day)
        if listed:
            said = asking.listed()
        elif negated and wanted is not None and ":" in wanted:
            said = asking.at_instant(wanted)
        else:
            said = asking.of_moment(int(wanted) if wanted else None, silent=negated)
    click.echo(_json(said[1]) if as_json else "\n".join(said[0]))


class _Asking:
    """One question about what is kept; every answer is its lines, and what JSON has of it."""

    def __init__(self, store: Store, rules: Sequence[Rule], zone: ZoneInfo, day: str | None) -> None:
        self._store = store
        self._rules = rules
        self._zone = zone
        self._evenings = _on(store.occurrences(), day, zone)
        self._with_seconds: Callable[[datetime], str] = lambda at: f"{at.astimezone(zone):%H:%M:%S}"

    def listed(self) -> tuple[list[str], Any]:
        """List the moments of the last evening."""
        from detector.report.why import explain, plain  # noqa: PLC0415 - not for --help
        from rules.explain import say_what  # noqa: PLC0415 - not for --help

        evening = self._evenings[-1]
        told = [
            explain(moment, self._by_code(), self._with_seconds, evening.began) for moment in self._moments(evening)
        ]
        rows = [
            f"{each.moment.number:>3}  {self._with_seconds(each.moment.began)}  {each.moment.rule:<5}"
            f" {say_what(each.moment.category, device=each.moment.device)}: "
            + ("a nudge" if each.moment.decided == "nudged" else "kept, not said")
            for each in told
        ]
        lines = [self._heading(evening), *(row[:WIDTH] for row in rows)] if rows else [self._none(evening)]
        return lines, [plain(each) for each in told]

    def of_moment(self, number: int | None, *, silent: bool) -> tuple[list[str], Any]:
        """Explain the moment of that number, or the last one that was said, or was not."""
        from detector.errors import UserError  # noqa: PLC0415 - not for --help
        from detector.report.why import explain, lines, plain  # noqa: PLC0415 - not for --help

        evening, moment = self._last(silent=silent) if number is None else self._numbered(number)
        if silent and moment.decided == "nudged":
            raise UserError(f"Moment {moment.number} was said. `turntoward why {moment.number}` says why.")
        told = explain(moment, self._by_code(), self._with_seconds, evening.began)
        return [self._heading(evening), *lines(told, self._with_seconds, WIDTH)], plain(told)

    def at_instant(self, text: str) -> tuple[list[str], Any]:
        """Say what was the case at that instant, and how near each rule was."""
        from detector.config.read import read_settings  # noqa: PLC0415 - not for --help
        from detector.core.pipeline import Pipeline  # noqa: PLC0415 - not for --help
        from detector.paths import config_path  # noqa: PLC0415 - not for --help
        from detector.report.why_not import lines, look_back, plain  # noqa: PLC0415 - not for --help

        evening, at = _instant(text, self._evenings, self._zone)
        settings = read_settings(config_path())
        core = Pipeline(self._rules, settings.policy, settings.attention, self._usual(evening, settings.attention))
        then = look_back(self._store.observations(evening.id), at, core, self._rules)
        return [self._heading(evening), *lines(then, self._with_seconds, WIDTH)], plain(then, self._with_seconds)

    def _last(self, *, silent: bool) -> tuple[KeptOccurrence, Moment]:
        from detector.errors import UserError  # noqa: PLC0415 - not for --help

        wanted = {"suppressed", "held"} if silent else {"nudged"}
        for evening in reversed(self._evenings):
            found = [moment for moment in self._moments(evening) if moment.decided in wanted]
            if found:
                return evening, max(found, key=lambda moment: (moment.decided_at, moment.number))
        raise UserError(
            "No moment passed in silence. `turntoward why not 19:10` says how near the rules were at an instant."
            if silent
            else "There was no nudge. `turntoward why not 19:10` says how near the rules were at an instant."
        )

    def _numbered(self, number: int) -> tuple[KeptOccurrence, Moment]:
        from detector.errors import UserError  # noqa: PLC0415 - not for --help

        evening = self._evenings[-1]
        moments = self._moments(evening)
        found = next((moment for moment in moments if moment.number == number), None)
        if found is None:
            known = f"its moments are 1 to {moments[-1].number}" if moments else "it has no moments"
            raise UserError(f"{self._heading(evening)} There is no moment {number}; {known}.")
        return evening, found

    def _usual(self, evening: KeptOccurrence, settings: AttentionSettings) -> Mapping[FeatureKey, Value]:
        """Return what was usual on the evenings before, as far as a rule asks for it."""
        from detector.core.attention.baselines import SINCE, asked_for, usuals  # noqa: PLC0415 - not for --help
        from rules.engine import needs  # noqa: PLC0415 - not for --help

        asked = asked_for(needs(self._rules))
        if not asked:
            return {}
        before = self._store.occurrences(evening.began - SINCE, evening.began)
        return usuals((list(self._store.observations(each.id)) for each in before), asked, settings)

    def _moments(self, evening: KeptOccurrence) -> list[Moment]:
        from datetime import timedelta  # noqa: PLC0415 - not for --help

        found = self._store.moments(evening.began, evening.began + timedelta(microseconds=1))
        return sorted((each for each in found if each.occurrence == evening.id), key=lambda each: each.number)

    def _by_code(self) -> dict[str, Rule]:
        return {rule.code: rule for rule in self._rules}

    def _heading(self, evening: KeptOccurrence) -> str:
        return f"Partner time on {_span(evening, self._zone)}."

    def _none(self, evening: KeptOccurrence) -> str:
        return f"{self._heading(evening)} It has no moments."


def _asked(what: tuple[str, ...]) -> tuple[bool, str | None]:
    negated = bool(what) and what[0] == "not"
    rest = what[1:] if negated else what
    if len(rest) > 1:
        raise click.UsageError("Ask for one moment, or one instant: turntoward why not 19:10")
    wanted = rest[0] if rest else None
    if wanted is None or (wanted.isascii() and wanted.isdigit() and int(wanted) > 0 and len(wanted) < 10):
        return negated, wanted
    if ":" in wanted:
        if not negated:
            raise click.UsageError(f"An instant goes with 'not': turntoward why not {wanted}")
        return negated, wanted
    raise click.UsageError(f"'{wanted}' is neither a number nor an instant; write for example: turntoward why 3")


def _on(evenings: Sequence[KeptOccurrence], day: str | None, zone: ZoneInfo) -> list[KeptOccurrence]:
    from datetime import date  # noqa: PLC0415 - not for --help

    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    if not evenings:
        raise UserError(NOTHING_KEPT)
    if day is None:
        return list(evenings)
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise UserError(f"'{day}' is no date; write for example 2026-11-23.") from None
    found = [each for each in evenings if each.began.astimezone(zone).date() == wanted]
    if not found:
        raise UserError(f"No partner time is kept of {day}; the last one is {_span(evenings[-1], zone)}.")
    return found


def _instant(text: str, evenings: Iterable[KeptOccurrence], zone: ZoneInfo) -> tuple[KeptOccurrence, datetime]:
    """Return the latest evening in which a clock showed that, and the instant."""
    from datetime import UTC, datetime, time, timedelta  # noqa: PLC0415 - not for --help

    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    try:
        clock = time.fromisoformat(text)
    except ValueError:
        clock = None
    if clock is None or clock.tzinfo is not None:
        raise UserError(f"'{text}' is no instant; write for example 19:10 or 19:10:30.")
    known = list(evenings)
    for evening in reversed(known):
        first = evening.began.astimezone(zone).date()
        for later in (0, 1):
            at = datetime.combine(first + timedelta(days=later), clock, zone).astimezone(UTC)
            if evening.began <= at < (evening.ended or evening.ends):
                return evening, at
    raise UserError(f"{text} lies in no partner time that is kept; the last one is {_span(known[-1], zone)}.")


def _span(evening: KeptOccurrence, zone: ZoneInfo) -> str:
    began, ended = evening.began.astimezone(zone), (evening.ended or evening.ends).astimezone(zone)
    return f"{began:%Y-%m-%d}, {began:%H:%M} to {ended:%H:%M}"


def _json(plain: Any) -> str:
    import json  # noqa: PLC0415 - not for --help

    return json.dumps(plain, ensure_ascii=False, indent=2)
