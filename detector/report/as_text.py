"""A summary as plain text: the good number first, and what is unknown called unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from textwrap import wrap
from typing import Final

from detector.partner_time.day_names import MONTHS, WEEKDAYS
from detector.report.summary import PRESENCE_MARK, Cancellation, Device, Nudges, PartnerTimes, Summary, Tally, Week
from detector.store.quiet_week import EVENINGS
from rules.explain import say_offer, say_reason
from rules.lengths import say_length

NARROWEST: Final = 70
WEEKS_SHOWN: Final = 12
"""The text shows the last twelve; JSON has them all."""

FIRST_USE: Final = """\
Nothing is kept yet.

Turntoward looks only during partner time: tell it when that is, and let it run.

  turntoward now 30min     partner time begins now
  turntoward add "Evening" --every mon-fri --from 18:30 --to 20:00
  turntoward run           run it here (turntoward service install: always)

To see the whole of it in a few seconds, without a desktop: turntoward try
"""

_BOLD: Final = "\x1b[1m"
_PLAIN: Final = "\x1b[0m"
_BAR: Final = 20
_SHORTEST: Final = timedelta(seconds=1)
_NUMBERS: Final = 2 + 7 + 12 + 2
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def as_text(summary: Summary, width: int = 80, *, colour: bool = False) -> str:
    """Return the report in lines of at most `width` columns (70 at least); ANSI codes only where `colour` is set."""
    parts = [lines for lines in _parts(summary, max(width, NARROWEST)) if lines]
    if colour:
        parts = [[_BOLD + lines[0] + _PLAIN, *lines[1:]] for lines in parts]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _parts(summary: Summary, width: int) -> Iterator[list[str]]:
    yield [f"Partner time, {_date(summary.since)} to {_date(summary.until)}"]
    if not summary.partner_times.all:
        yield wrap("Nothing is kept from that time.", width)
        yield _cancelled(summary, width)
        return
    yield _good(summary, width)
    yield _starts(summary)
    yield _known(summary, summary.partner_times, width)
    yield _devices(summary, width)
    if summary.partner_times.counted:
        yield _moments(summary, width)
        column = max(
            (len(tally.name) for tally in (*summary.by_category, *summary.by_rule, *summary.besides, *_on(summary))),
            default=0,
        )
        yield _table("By category", summary.by_category, width, column)
        yield _table("By rule", summary.by_rule, width, column)
        yield _table("By device", _on(summary), width, column)
        yield _table("For the report alone", summary.besides, width, column)
    yield _cancelled(summary, width)
    yield _nudges(summary.nudges, width)
    yield _unsaid(summary, width)
    yield _offers(summary, width)
    if not any(sentence.startswith("Week by week") for sentence in summary.missing):
        yield _weeks(summary.weeks)
    yield _missing(summary.missing, width)


def _good(summary: Summary, width: int) -> list[str]:
    if summary.presence is None:
        return []
    presence, known = summary.share.presence, summary.share.known
    lines = wrap(
        f"For {_hours(presence)} no screen took you away: "
        f"{_percent(summary.presence)} of the {_hours(known)} that are known.",
        width,
    )
    lines.append(f"  {_marked_bar(summary.presence)}  the mark stands at {_percent(PRESENCE_MARK)}")
    if summary.longest:
        began = summary.longest.began
        day = _day(began).replace("  ", " ")
        lines += wrap(
            f"The longest stretch lasted {_hours(summary.longest.lasted)}, on {day} from {began:%H:%M}.", width
        )
    return lines


def _known(summary: Summary, times: PartnerTimes, width: int) -> list[str]:
    coverage = "nothing of it is known" if not summary.coverage else f"{_percent(summary.coverage)} of it is known"
    lines = wrap(f"{_many(times.all, 'partner time')}, {_hours(summary.lived)} in all; {coverage}.", width)
    if times.left_out:
        said = f"{times.left_out} of them {_is(times.left_out)} left out, being known for less than half"
        if times.left_out_moments:
            said += f"; {_many(times.left_out_moments, 'moment')} in there {_is(times.left_out_moments)} not counted"
        lines += _indented(f"{said}. No data is never a good evening.", width)
    if times.under_way:
        lines += _indented(f"{times.under_way} {_is(times.under_way)} still under way.", width)
    if times.cut_off:
        was = "was" if times.cut_off == 1 else "were"
        lines += _indented(f"{times.cut_off} {was} cut off, and counted up to the last instant known.", width)
    return lines


def _devices(summary: Summary, width: int) -> list[str]:
    if not _phones(summary):
        return []
    lines = ["Your devices"]
    for device in summary.devices:
        lines += wrap(
            f"{device.name}: {_took_part(device)}",
            width,
            initial_indent="  ",
            subsequent_indent="    ",
            break_long_words=False,
        )
    if summary.put_away_first:
        times = _many(summary.put_away_first, "partner time")
        lines += _indented(f"{times} began with a phone put away.", width)
    return lines


def _took_part(device: Device) -> str:
    if not device.spoke or device.looks is None:
        return "said nothing, so nothing is known of it."
    known = f"{_hours(device.known)} of {_hours(device.lived)} known" if device.known else "how long is not known"
    said = [known]
    if device.pick_ups is not None:
        said.append(_many(device.pick_ups, "pick-up"))
    looks = _many(device.looks, "look")
    said.append(f"{looks}, {_hours(device.used)} long in all" if device.used and device.used >= _SHORTEST else looks)
    if device.of_unknown_length:
        said.append(f"{device.of_unknown_length} of unknown length")
    return ", ".join(said) + ("." if device.paired else "; it is not paired any more.")


def _phones(summary: Summary) -> bool:
    return any(device.kind == "phone" for device in summary.devices)


def _on(summary: Summary) -> tuple[Tally, ...]:
    return summary.by_device if _phones(summary) else ()


def _moments(summary: Summary, width: int) -> list[str]:
    if not summary.moments:
        lines = ["Moments: none"]
    elif summary.per_hour is None:
        lines = [f"Moments: {summary.moments}"]
    else:
        lines = [f"Moments: {summary.moments}, {summary.per_hour:.1f} per hour of partner time"]
    apart = [
        f"{times} {'was' if times == 1 else 'were'} {words}"
        for times, words in (
            (summary.together, "for both of you"),
            (summary.needed, "needed"),
            (summary.on_call, "of what may call you while you are on call"),
        )
        if times
    ]
    return lines + (_indented(f"Not among them: {', '.join(apart)}.", width) if apart else [])


def _table(heading: str, tallies: Sequence[Tally], width: int, column: int) -> list[str]:
    if not tallies:
        return []
    most = max(tally.moments for tally in tallies)
    column = min(column, width - _NUMBERS - _BAR)
    lines = [heading]
    for tally in tallies:
        rate = "" if tally.per_hour is None else f"{f'{tally.per_hour:.1f} per h':>12}"
        lines.append(f"  {_cut(tally.name, column):<{column}}{tally.moments:>7}{rate}  {_bar(tally.moments / most)}")
    return lines


def _nudges(nudges: Nudges, width: int) -> list[str]:
    if not nudges.shown and not nudges.undelivered:
        return []
    lines = [f"Nudges: {nudges.shown}"]
    for seconds, times, part in ((30, nudges.within_30, nudges.share_30), (60, nudges.within_60, nudges.share_60)):
        if nudges.judged:
            share = f"   {_percent(part)}" if part is not None else ""
            lines.append(f"  put away within {seconds} s   {times} of {nudges.judged}{share}")
    others = [
        f"{times} {words}"
        for times, words in (
            (nudges.dismissed, "dismissed"),
            (nudges.ignored, "left to pass"),
            (nudges.together, "for both of you"),
            (nudges.needed, "needed"),
            (nudges.unknown, "of unknown outcome"),
            (nudges.open, "still open"),
        )
        if times
    ]
    if others:
        lines += _indented(f"Others: {', '.join(others)}.", width)
    if nudges.undelivered:
        lines += _indented(f"{nudges.undelivered} more could not be shown; `turntoward doctor` says why.", width)
    return lines


def _unsaid(summary: Summary, width: int) -> list[str]:
    quiet = "" if summary.quiet_evening is None else f"the quiet week, {summary.quiet_evening} of {EVENINGS}."
    if not summary.unsaid:
        return wrap(f"What is noticed is kept, and nothing is said: {quiet}", width) if quiet else []
    lines = [f"Kept, and not said: {sum(each.moments for each in summary.unsaid)}"]
    lines += _indented(f"These moments were kept, and nothing was said: {quiet}", width) if quiet else []
    for each in summary.unsaid:
        first, *rest = wrap(say_reason(each.reason), width - 9)
        lines += [f"  {each.moments:>5}  {first}", *(" " * 9 + line for line in rest)]
    return lines


def _offers(summary: Summary, width: int) -> list[str]:
    lines = [line for each in summary.offers for line in _indented(say_offer(each.category, each.times), width)]
    return ["Once for good", *lines] if lines else []


def _weeks(weeks: Sequence[Week]) -> list[str]:
    shown = weeks[-WEEKS_SHOWN:]
    most = max((week.per_hour or 0 for week in shown), default=0) or 1
    heading = "Week by week" if len(shown) == len(weeks) else f"Week by week, the last {len(shown)}"
    lines = [heading, "  week of            known  presence  moments per hour"]
    for week in shown:
        row = f"  {_day(week.monday):<10}  {_hours(week.known):>12}"
        if week.per_hour is None or week.presence is None:
            row += "  not enough data"
        else:
            bar = _bar(week.per_hour / most)
            row += f"  {_percent(week.presence):>8}  {week.per_hour:>5.1f}  {bar}"
        lines.append(row.rstrip())
    return lines


def _missing(sentences: Iterable[str], width: int) -> list[str]:
    lines = [line for sentence in sentences for line in _indented(sentence, width)]
    return ["Not enough data", *lines] if lines else []


def _indented(text: str, width: int) -> list[str]:
    return wrap(text, width, initial_indent="  ", subsequent_indent="  ")


def _starts(summary: Summary) -> list[str]:
    well, known = summary.starts.well, summary.starts.known
    if not known:
        return []
    rest = "" if known == summary.partner_times.all else " of which it is known"
    return [f"Started well: {well} of {'the ' if rest else ''}{known}{rest}."]


def _cancelled(summary: Summary, width: int) -> list[str]:
    if not summary.cancelled:
        return []
    good = [each for each in summary.cancelled if each.became == "made_good"]
    lines = [f"Cancelled {len(summary.cancelled)}" + (f", made good {len(good)}:" if good else ".")]
    for each in (*good, *(each for each in summary.cancelled if each.became == "planned")):
        lines += wrap(_cancellation(each, summary.until), width, initial_indent="  ", subsequent_indent="    ")
    return lines


def _cancellation(each: Cancellation, now: datetime) -> str:
    title = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in each.title)
    new = "" if each.instead is None else f"{_dated(each.instead, now)} {each.instead:%H:%M}"
    when = f"on {new}" if each.became == "made_good" else f"is planned for {new}"
    return f"{title} of {_dated(each.begins, now)} {when}."


def _dated(at: datetime, now: datetime) -> str:
    year = "" if at.year == now.year else f" {at.year}"
    return f"{WEEKDAYS[at.weekday()]} {at.day} {MONTHS[at.month - 1]}{year}"


def _bar(part: float) -> str:
    return "█" * max(round(part * _BAR), 1 if part > 0 else 0)


def _marked_bar(part: float) -> str:
    cells = ["█" if at < round(part * _BAR) else "·" for at in range(_BAR)]
    cells.insert(round(PRESENCE_MARK * _BAR), "|")
    return "".join(cells)


def _percent(part: float) -> str:
    # 99.6 % is not all, and 0.4 % is not nothing.
    whole = round(part * 100)
    if whole == 100 and part < 1:
        return "over 99 %"
    return "under 1 %" if whole == 0 and part > 0 else f"{whole} %"


def _hours(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    return f"{round(hours)} h" if hours >= 24 else say_length(length)


def _day(at: datetime | date) -> str:
    return f"{_DAYS[at.weekday()]} {at.day:>2} {_MONTHS[at.month - 1]}"


def _date(at: datetime) -> str:
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year}"


def _many(times: int, word: str) -> str:
    return f"{times} {word}" if times == 1 else f"{times} {word}s"


def _is(times: int) -> str:
    return "is" if times == 1 else "are"


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
