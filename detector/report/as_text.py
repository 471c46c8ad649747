"""Write a summary as plain text: presence first; unknown time is named as such."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from textwrap import wrap
from typing import Final

from detector.errors import printable
from detector.i18n import _, format_clock, ngettext
from detector.partner_time.day_names import WEEKDAYS, format_day_of_month, format_short_day, with_weekday
from detector.report.summary import (
    PRESENCE_MARK,
    WEEKS_NEEDED,
    Cancellation,
    Device,
    MomentCount,
    Nudges,
    PartnerTimes,
    Summary,
    Week,
)
from detector.store.quiet_week import EVENINGS
from rules.explain import format_offer, format_reason
from rules.lengths import format_length

MIN_WIDTH: Final = 70
# The text shows the last weeks; JSON has all of them.
MAX_WEEKS: Final = 12

FIRST_USE: Final = _("""\
Nothing is kept yet.

Turntoward senses only during partner time: declare it, and let the program run.

  turntoward now 30min     partner time begins now
  turntoward add "Evening" --every mon-fri --from 18:30 --to 20:00
  turntoward run           run it here (turntoward service install: always)

To see how it works in a few seconds, without a desktop: turntoward try
""")

_BOLD: Final = "\x1b[1m"
_PLAIN: Final = "\x1b[0m"
_BAR_COLUMNS: Final = 20
# A shorter duration is not written: it would read as 0 s.
_MIN_LENGTH: Final = timedelta(seconds=1)


def as_text(summary: Summary, width: int = 80, *, colour: bool = False) -> str:
    """Return the report in lines of at most `width` columns (70 at least); ANSI codes only where `colour` is set."""
    parts = [lines for lines in _parts(summary, max(width, MIN_WIDTH)) if lines]
    if colour:
        # Only the first line of a part is its heading.
        parts = [[_BOLD + lines[0] + _PLAIN, *lines[1:]] for lines in parts]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _parts(summary: Summary, width: int) -> Iterator[list[str]]:
    begin, end = _date(summary.since), _date(summary.until)
    heading = _("Partner time on {begin}") if begin == end else _("Partner time, {begin} to {end}")
    yield [heading.format(begin=begin, end=end)]
    # Cancellations are listed even where no partner time took place.
    if not summary.partner_times.all:
        yield wrap(_("Nothing is kept from that time."), width)
        yield _cancelled(summary, width)
        return
    yield _headline(summary, width)
    yield _starts(summary, width)
    yield _coverage(summary, summary.partner_times, width)
    yield _devices(summary, width)
    if summary.partner_times.counted:
        yield _moments(summary, width)
        tables = (
            (_("By category"), summary.by_category),
            (_("By rule"), summary.by_rule),
            (_("By device"), summary.by_device if _has_phones(summary) else ()),
            (_("Only for the report"), summary.besides),
        )
        # One width for all tables, so that their bars begin in the same column and can be compared.
        column = max(
            (len(count.name) for _heading, counts in tables for count in counts),
            default=0,
        )
        for table_heading, counts in tables:
            yield _table(table_heading, counts, width, column)
    yield _cancelled(summary, width)
    yield _nudges(summary.nudges, width)
    yield _without_nudge(summary, width)
    yield _sentences(
        _("For both of you, from now on?"),
        [format_offer(offer.category, offer.times) for offer in summary.offers],
        width,
    )
    if summary.full_weeks >= WEEKS_NEEDED:
        yield _weeks(summary.weeks)
    yield _sentences(_("Not enough data"), summary.missing, width)


def _headline(summary: Summary, width: int) -> list[str]:
    if summary.presence is None:
        return []
    presence, known = summary.share.presence, summary.share.known
    text = _("For {length} no screen took you away: {percent} of the {known} that are known.")
    text = text.format(length=_length(presence), percent=_percent(summary.presence), known=_length(known))
    lines = wrap(text, width)
    mark = _("the mark is at {percent}").format(percent=_percent(PRESENCE_MARK))
    lines.append(f"  {_marked_bar(summary.presence)}  {mark}")
    if summary.longest:
        began = summary.longest.began
        day = format_short_day(began)
        text = _("The longest stretch lasted {length}, on {day} from {time}.")
        text = text.format(length=_length(summary.longest.lasted), day=day, time=format_clock(began))
        lines += wrap(text, width)
    return lines


def _coverage(summary: Summary, times: PartnerTimes, width: int) -> list[str]:
    coverage = (
        _("{percent} of it is known").format(percent=_percent(summary.coverage))
        if summary.coverage
        else _("nothing of it is known")
    )
    text = _("{partner_times}, {length} in all; {coverage}.")
    text = text.format(partner_times=_partner_times(times.all), length=_length(summary.lived), coverage=coverage)
    lines = wrap(text, width)
    if summary.unknown_pages >= _MIN_LENGTH and summary.lived:
        text = _(
            "A browser showed pages that are not known for {length}, {percent} of it: "
            "counted neither as presence nor as distraction."
        )
        share = _percent(summary.unknown_pages / summary.lived)
        lines += _indented(text.format(length=_length(summary.unknown_pages), percent=share), width)
    if times.left_out:
        sentence = ngettext(
            "{count} of them is left out, because less than half of it is known",
            "{count} of them are left out, because less than half of each is known",
            times.left_out,
        ).format(count=times.left_out)
        if times.left_out_moments:
            sentence += "; " + ngettext(
                "{count} moment in there is not counted",
                "{count} moments in there are not counted",
                times.left_out_moments,
            ).format(count=times.left_out_moments)
        lines += _indented(
            _("{sentence}. Missing data never counts as a good evening.").format(sentence=sentence), width
        )
    under_way = ngettext("{count} is still under way.", "{count} are still under way.", times.under_way)
    cut_off = ngettext(
        "{count} was cut off, and counted up to the last instant known.",
        "{count} were cut off, and counted up to the last instant known.",
        times.cut_off,
    )
    for count, text in ((times.under_way, under_way), (times.cut_off, cut_off)):
        lines += _indented(text.format(count=count), width) if count else []
    return lines


def _devices(summary: Summary, width: int) -> list[str]:
    if not _has_phones(summary):
        return []
    lines = [_("Your devices")]
    for device in summary.devices:
        # An address as a name is not broken over two lines, so that it can be read.
        text = f"{device.name}: {_took_part(device)}"
        lines += wrap(text, width, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
    if summary.put_away_first:
        text = _("{partner_times} began with a phone put away.")
        lines += _indented(text.format(partner_times=_partner_times(summary.put_away_first)), width)
    return lines


def _took_part(device: Device) -> str:
    if not device.spoke or device.looks is None:
        return _("reported nothing, so nothing is known of it.")
    if device.known:
        parts = [_("{known} of {all} known").format(known=_length(device.known), all=_length(device.lived))]
    else:
        parts = [_("how long is not known")]
    if device.pick_ups is not None:
        parts.append(ngettext("{count} pick-up", "{count} pick-ups", device.pick_ups).format(count=device.pick_ups))
    parts.append(ngettext("{count} look", "{count} looks", device.looks).format(count=device.looks))
    if device.used and device.used >= _MIN_LENGTH:
        parts.append(_("{length} long in all").format(length=_length(device.used)))
    if device.of_unknown_length:
        parts.append(_("{count} of unknown length").format(count=device.of_unknown_length))
    return ", ".join(parts) + ("." if device.paired else _("; it is not paired any more."))


def _has_phones(summary: Summary) -> bool:
    return any(device.kind == "phone" for device in summary.devices)


def _moments(summary: Summary, width: int) -> list[str]:
    if not summary.moments:
        lines = [_("Moments: none")]
    elif summary.per_hour is None:
        lines = [_("Moments: {count}").format(count=summary.moments)]
    else:
        text = _("Moments: {count}, {rate} per hour of partner time")
        lines = [text.format(count=summary.moments, rate=_rate(summary.per_hour))]
    without = sum(count.moments for count in summary.without_nudge)
    if summary.moments:
        text = _("With a nudge: {some}. Without one: {others}.")
        lines += _indented(text.format(some=summary.moments - without, others=without), width)
    excused = (
        (summary.together, _("for both of you")),
        (summary.needed, _("needed")),
        (summary.on_call, _("of what may call you while you are on call")),
    )
    others = [f"{count} {words}" for count, words in excused if count]
    return lines + (_indented(_("Not counted: {others}.").format(others=", ".join(others)), width) if others else [])


def _table(heading: str, counts: Sequence[MomentCount], width: int, column: int) -> list[str]:
    if not counts:
        return []
    most = max(count.moments for count in counts)
    # The margin, the count, the rate, and the space before the bar.
    column = min(column, width - (2 + 7 + 12 + 2) - _BAR_COLUMNS)
    lines = [heading]
    for count in counts:
        rate = "" if count.per_hour is None else f"{_('{rate} per h').format(rate=_rate(count.per_hour)):>12}"
        name = count.name if len(count.name) <= column else count.name[: column - 1] + "…"
        lines.append(f"  {name:<{column}}{count.moments:>7}{rate}  {_bar(count.moments / most)}")
    return lines


def _nudges(nudges: Nudges, width: int) -> list[str]:
    if not nudges.shown and not nudges.undelivered:
        return []
    lines = [_("Nudges: {count}").format(count=nudges.shown)]
    for seconds, times, part in ((30, nudges.within_30, nudges.share_30), (60, nudges.within_60, nudges.share_60)):
        if nudges.judged:
            share = f"   {_percent(part)}" if part is not None else ""
            text = _("  put away within {seconds} s   {count} of {all}")
            lines.append(text.format(seconds=seconds, count=times, all=nudges.judged) + share)
    others = [
        f"{times} {words}"
        for times, words in (
            (nudges.dismissed, _("closed")),
            (nudges.ignored, _("not answered")),
            (nudges.together, _("for both of you")),
            (nudges.needed, _("needed")),
            (nudges.unknown, _("not known")),
            (nudges.open, _("not known yet")),
        )
        if times
    ]
    if others:
        text = _("Others: {others}.") if nudges.judged else _("Outcome: {others}.")
        lines += _indented(text.format(others=", ".join(others)), width)
    if nudges.undelivered:
        text = _("{count} more could not be shown; `turntoward doctor` says why.")
        lines += _indented(text.format(count=nudges.undelivered), width)
    return lines


def _without_nudge(summary: Summary, width: int) -> list[str]:
    is_quiet = summary.quiet_evening is not None
    if not summary.without_nudge:
        text = _("Moments are recorded, and no nudges are shown: the quiet week, {evening} of {all}.")
        return wrap(text.format(evening=summary.quiet_evening, all=EVENINGS), width) if is_quiet else []
    count = sum(suppressed.moments for suppressed in summary.without_nudge)
    lines = [_("Moments without a nudge: {count}").format(count=count)]
    if is_quiet:
        text = _("No nudge was shown for these moments: the quiet week, {evening} of {all}.")
        lines += _indented(text.format(evening=summary.quiet_evening, all=EVENINGS), width)
    for suppressed in summary.without_nudge:
        first, *rest = wrap(format_reason(suppressed.reason), width - 9)
        lines += [f"  {suppressed.moments:>5}  {first}", *(" " * 9 + line for line in rest)]
    return lines


def _weeks(weeks: Sequence[Week]) -> list[str]:
    shown = weeks[-MAX_WEEKS:]
    most = max((week.per_hour or 0 for week in shown), default=0) or 1
    heading = _("Week by week") if len(shown) == len(weeks) else _("Week by week, the last {count}")
    lines = [heading.format(count=len(shown)), _("  week of            known  presence  moments per hour")]
    for week in shown:
        # Days below 10 are as wide as the others.
        monday = format_short_day(week.monday).replace(f" {week.monday.day}", f"{week.monday.day:>3}")
        row = f"  {monday:<10}  {_length(week.known):>12}"
        if week.per_hour is None or week.presence is None:
            # The week stays in the table: without its row it would look as if there had been no partner time.
            row += _("  not enough data")
        else:
            bar = _bar(week.per_hour / most)
            row += f"  {_percent(week.presence):>8}  {_rate(week.per_hour):>5}  {bar}"
        lines.append(row.rstrip())
    return lines


def _sentences(heading: str, sentences: Iterable[str], width: int) -> list[str]:
    lines = [line for sentence in sentences for line in _indented(sentence, width)]
    return [heading, *lines] if lines else []


def _indented(text: str, width: int) -> list[str]:
    return wrap(text, width, initial_indent="  ", subsequent_indent="  ")


def _starts(summary: Summary, width: int) -> list[str]:
    well, known = summary.starts.well, summary.starts.known
    if not known:
        return []
    text = ngettext(
        "Every screen put away at the start: in {well} of {count} partner time.",
        "Every screen put away at the start: in {well} of {count} partner times.",
        known,
    ).format(well=well, count=known)
    unknown = summary.partner_times.all - known
    return wrap(text + (" " + _("Not known of {count} more.").format(count=unknown) if unknown else ""), width)


def _cancelled(summary: Summary, width: int) -> list[str]:
    if not summary.cancelled:
        return []
    held_later = [entry for entry in summary.cancelled if entry.became == "made_good"]
    planned = [entry for entry in summary.cancelled if entry.became == "planned"]
    heading = _("Cancelled {count}, held later {good}:") if held_later else _("Cancelled {count}.")
    lines = [heading.format(count=len(summary.cancelled), good=len(held_later))]
    for cancellation in (*held_later, *planned):
        lines += wrap(_cancellation(cancellation, summary.until), width, initial_indent="  ", subsequent_indent="    ")
    return lines


def _cancellation(cancellation: Cancellation, now: datetime) -> str:
    # The title may come from a calendar, and must not steer a terminal.
    title = printable(cancellation.title)
    new = f"{_dated(cancellation.instead, now)} {format_clock(cancellation.instead)}" if cancellation.instead else ""
    if cancellation.became == "made_good":
        text = _("{title} of {day} on {new}.")
    else:
        text = _("{title} of {day} is planned for {new}.")
    return text.format(title=title, day=_dated(cancellation.begins, now), new=new)


def _dated(at: datetime, now: datetime) -> str:
    return with_weekday(WEEKDAYS[at.weekday()], format_day_of_month(at, with_year=at.year != now.year))


def _bar(part: float) -> str:
    # Any moment at all gets at least one block.
    return "█" * max(round(part * _BAR_COLUMNS), 1 if part > 0 else 0)


def _marked_bar(part: float) -> str:
    cells = ["█" if cell < round(part * _BAR_COLUMNS) else "·" for cell in range(_BAR_COLUMNS)]
    # The mark is inserted and replaces no cell, so that the bar keeps its length.
    cells.insert(round(PRESENCE_MARK * _BAR_COLUMNS), "|")
    return "".join(cells)


def _percent(part: float) -> str:
    # 99.6 % must not read as 100 %, and 0.4 % not as 0 %.
    whole = round(part * 100)
    if whole == 100 and part < 1:
        return _("over 99 %")
    return _("under 1 %") if whole == 0 and part > 0 else f"{whole} %"


def _rate(per_hour: float) -> str:
    # A small rate must not read as 0.0.
    return "<0.1" if 0 < per_hour < 0.05 else f"{per_hour:.1f}"


def _length(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    return f"{round(hours)} h" if hours >= 24 else format_length(length)


def _date(at: datetime) -> str:
    return format_short_day(at, with_year=True)


def _partner_times(count: int) -> str:
    return ngettext("{count} partner time", "{count} partner times", count).format(count=count)
