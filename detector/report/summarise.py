"""Summarise what is kept: how partner time went, and how much of it is known.

Invariant 1: only partner times that are known for at least half are counted; the others are listed as left out.
Invariant 2: a use is one micro-rejection, however many rules held in it.
Invariant 3: no micro-rejection is what the person called "for both" or "needed", a film for two, and what may have called
    somebody who is on call.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from detector.core.attention.time_split import TimeSplit, TimeTotals, split_time, total_length
from detector.core.effects import Moment, Outcome
from detector.core.observations import LAPTOP, Observation
from detector.devices import Phone
from detector.i18n import _
from detector.report.devices import put_away_first, summarise_devices
from detector.report.rows import OccurrenceRows, rows_by_occurrence
from detector.report.starts_and_cancellations import offers, starts
from detector.report.summary import (
    HOURS_NEEDED,
    KNOWN_ENOUGH,
    NUDGES_NEEDED,
    WEEKS_NEEDED,
    Cancellation,
    MomentCount,
    Nudges,
    Offer,
    PartnerTimes,
    PresenceStretch,
    Summary,
    SuppressedCount,
    Week,
)
from detector.store.model import StoredCoverage, StoredOccurrence, StoredUse
from rules.explain import format_category, shown_category
from rules.lengths import format_length
from rules.model import Reason

# Which reasons excuse a moment, and as what it is counted then.
_EXCUSES = {
    Reason.TOGETHER: Reason.TOGETHER,
    Reason.FOR_BOTH: Reason.TOGETHER,
    Reason.FILM: Reason.TOGETHER,
    Reason.NEEDED: Reason.NEEDED,
    Reason.ON_CALL: Reason.ON_CALL,
}
_PUT_AWAY = frozenset({Outcome.PUT_AWAY_30, Outcome.PUT_AWAY_60})
_JUDGED = _PUT_AWAY | {Outcome.DISMISSED, Outcome.IGNORED}


@dataclass(slots=True)
class _CountedOccurrence:
    """An occurrence that is known well enough, divided into presence and distraction, with its moments."""

    monday: date
    divided: TimeSplit
    moments: list[Moment]
    excused: Counter[Reason]


@dataclass(slots=True)
class _Totals:
    """What all occurrences add up to; `all_time` and `unknown_pages` include those that are left out."""

    counted: list[_CountedOccurrence] = field(default_factory=list)
    left_out_moments: int = 0
    all_time: TimeTotals = field(default_factory=TimeTotals)
    unknown_pages: timedelta = timedelta(0)

    @property
    def counted_time(self) -> TimeTotals:
        return sum((occurrence.divided.totals for occurrence in self.counted), TimeTotals())


def summarise(
    occurrences: Iterable[StoredOccurrence],
    uses: Iterable[StoredUse],
    moments: Iterable[Moment],
    coverage: Iterable[StoredCoverage],
    *,
    since: datetime,
    until: datetime,
    zone: tzinfo,
    rules: Mapping[str, str],
    phone_events: Iterable[tuple[str, Observation]] = (),
    phones: Iterable[Phone] = (),
    excluded: Collection[str] = (),
    cancelled: Sequence[Cancellation] = (),
) -> Summary:
    """Return the summary of the occurrences that began in `[since, until)`; rows of others are passed over.

    `until` is now, or earlier: nothing after it is counted.
    `zone` decides in which week an occurrence lies, and the summary's instants are in it. `rules` maps a code to its name.
    `phone_events`: when phones were picked up and put away; `phones`: those that are paired now. `excluded`: categories
    that are not offered as "for both": they are already, or the person declined. `cancelled`: what was cancelled, and
    what became of it.
    """
    all_rows = rows_by_occurrence(occurrences, uses, moments, coverage, phone_events, since=since, until=until)
    totals = _add_up(all_rows, zone)
    partner_times = _count_partner_times(all_rows, totals, until)
    counted_time = totals.counted_time
    known = counted_time.known
    all_moments = [moment for rows in all_rows for moment in rows.moments]
    counted_moments = [moment for occurrence in totals.counted for moment in occurrence.moments]
    excused = sum((occurrence.excused for occurrence in totals.counted), Counter[Reason]())
    nudges, weeks = _nudges(all_moments), _weeks(totals.counted)
    devices = summarise_devices(all_rows, phones)
    categories = (shown_category(moment.category or "other") for moment in counted_moments)
    report_only = (moment.rule for moment in all_moments if moment.reason is Reason.REPORT_ONLY)

    def rule_name(code: str) -> str:
        return rules.get(code, code)

    return Summary(
        since=since.astimezone(zone),
        until=until.astimezone(zone),
        partner_times=partner_times,
        lived=totals.all_time.lasted,
        known=totals.all_time.known,
        unknown_pages=totals.unknown_pages,
        share=counted_time,
        coverage=_ratio(totals.all_time.known, totals.all_time.lasted),
        presence=_ratio(counted_time.presence, known),
        longest=_max_presence(totals.counted, zone),
        moments=len(counted_moments),
        per_hour=_per_hour(len(counted_moments), known),
        by_category=_count_moments(categories, format_category, known),
        by_rule=_count_moments((moment.rule for moment in counted_moments), rule_name, known),
        by_device=_count_moments((moment.device for moment in counted_moments), format_on_device, known),
        devices=devices,
        put_away_first=sum(1 for rows in all_rows if any(put_away_first(rows, device.name) for device in devices)),
        together=excused[Reason.TOGETHER],
        needed=excused[Reason.NEEDED],
        on_call=excused[Reason.ON_CALL],
        nudges=nudges,
        unsaid=_count_reasons(moment for moment in all_moments if moment.decided == "suppressed"),
        without_nudge=_count_reasons(_without_nudge(counted_moments, all_moments)),
        weeks=weeks,
        missing=_missing(partner_times, counted_time, nudges, weeks),
        besides=_count_moments(report_only, rule_name, known),
        offers=tuple(Offer(category=category, times=times) for category, times in offers(all_moments, excluded)),
        starts=starts(rows.occurrence for rows in all_rows),
        cancelled=tuple(cancelled),
    )


def _add_up(all_rows: Iterable[OccurrenceRows], zone: tzinfo) -> _Totals:
    totals = _Totals()
    for rows in all_rows:
        # All devices together: time on two of them at once counts once.
        divided = split_time(rows.uses, rows.coverage, rows.occurrence.began, rows.ends)
        time = divided.totals
        totals.all_time += time
        totals.unknown_pages += total_length(divided.unknown_pages)
        counted, excused = _split_excused(rows.moments)
        if time.lasted and time.known / time.lasted >= KNOWN_ENOUGH:
            day = rows.occurrence.began.astimezone(zone).date()
            monday = day - timedelta(days=day.weekday())
            totals.counted.append(_CountedOccurrence(monday, divided, counted, excused))
        else:
            totals.left_out_moments += len(counted)
    return totals


def _count_partner_times(all_rows: Sequence[OccurrenceRows], totals: _Totals, until: datetime) -> PartnerTimes:
    # An occurrence without an end is under way, or the daemon was killed during it.
    open_ended = [rows.occurrence for rows in all_rows if rows.occurrence.ended is None]
    under_way = sum(1 for occurrence in open_ended if occurrence.ends > until)
    return PartnerTimes(
        all=len(all_rows),
        counted=len(totals.counted),
        left_out=len(all_rows) - len(totals.counted),
        left_out_moments=totals.left_out_moments,
        under_way=under_way,
        cut_off=len(open_ended) - under_way,
    )


def _without_nudge(counted_moments: Iterable[Moment], all_moments: Iterable[Moment]) -> Iterator[Moment]:
    """Yield the counted moments during whose use no nudge was shown."""
    nudged_uses = {_use_key(moment) for moment in all_moments if moment.decided == "nudged"}
    return (moment for moment in counted_moments if _use_key(moment) not in nudged_uses)


def _use_key(moment: Moment) -> tuple[str, int]:
    # A moment without a use counts by itself; its negative number is no number of a use.
    return moment.occurrence, moment.use or -moment.number


def _count_reasons(moments: Iterable[Moment]) -> tuple[SuppressedCount, ...]:
    counts = Counter(moment.reason for moment in moments if moment.reason is not None)
    return tuple(SuppressedCount(reason=reason, moments=times) for reason, times in counts.most_common())


def _split_excused(moments: Sequence[Moment]) -> tuple[list[Moment], Counter[Reason]]:
    counted: list[Moment] = []
    excused: Counter[Reason] = Counter()
    excused_uses: set[int] = set()
    for moment in moments:
        # Several moments of one use may be excused, by the answer to one of them; the use is excused once.
        kind = _excuse(moment)
        if kind is not None and moment.use not in excused_uses:
            excused[kind] += 1
            if moment.use is not None:
                excused_uses.add(moment.use)
    seen_uses = set(excused_uses)
    # A use counts under its first rule. Rules for the report alone come last: any other rule says more about the use.
    for moment in sorted(moments, key=lambda moment: (moment.reason is Reason.REPORT_ONLY, moment.number)):
        if moment.reason is Reason.SAME_USE or _excuse(moment) is not None or moment.use in seen_uses:
            continue
        if moment.use is not None:
            seen_uses.add(moment.use)
        counted.append(moment)
    return counted, excused


def _excuse(moment: Moment) -> Reason | None:
    answered = {Outcome.TOGETHER: Reason.TOGETHER, Outcome.NEEDED: Reason.NEEDED}.get(moment.outcome or Outcome.UNKNOWN)
    return answered or (_EXCUSES.get(moment.reason) if moment.reason else None)


def _max_presence(counted_occurrences: Iterable[_CountedOccurrence], zone: tzinfo) -> PresenceStretch | None:
    stretches = [stretch for counted in counted_occurrences for stretch in counted.divided.present]
    if not stretches:
        return None
    # The first of equal ones, and to the minute: a phone may have been put away then.
    begins, ends = max(stretches, key=lambda stretch: stretch[1] - stretch[0])
    return PresenceStretch(lasted=ends - begins, began=begins.astimezone(zone).replace(second=0, microsecond=0))


def _nudges(moments: Iterable[Moment]) -> Nudges:
    outcomes = Counter(moment.outcome for moment in moments if moment.decided == "nudged")
    # Nobody saw an undelivered nudge, so it must not count as shown.
    undelivered = outcomes.pop(Outcome.UNDELIVERED, 0)
    judged = sum(outcomes[outcome] for outcome in _JUDGED)
    within_30 = outcomes[Outcome.PUT_AWAY_30]
    within_60 = within_30 + outcomes[Outcome.PUT_AWAY_60]
    enough = judged >= NUDGES_NEEDED
    return Nudges(
        shown=outcomes.total(),
        judged=judged,
        within_30=within_30,
        within_60=within_60,
        share_30=within_30 / judged if enough else None,
        share_60=within_60 / judged if enough else None,
        dismissed=outcomes[Outcome.DISMISSED],
        ignored=outcomes[Outcome.IGNORED],
        together=outcomes[Outcome.TOGETHER],
        needed=outcomes[Outcome.NEEDED],
        unknown=outcomes[Outcome.UNKNOWN],
        open=outcomes[None],
        undelivered=undelivered,
    )


def _weeks(counted_occurrences: Iterable[_CountedOccurrence]) -> tuple[Week, ...]:
    by_monday: dict[date, list[_CountedOccurrence]] = {}
    for counted in counted_occurrences:
        by_monday.setdefault(counted.monday, []).append(counted)
    weeks = []
    for monday, in_week in sorted(by_monday.items()):
        time = sum((counted.divided.totals for counted in in_week), TimeTotals())
        moments = sum(len(counted.moments) for counted in in_week)
        # The same minimum as for moments per hour: the presence of a few minutes would be chance.
        presence = _ratio(time.presence, time.known) if time.known >= HOURS_NEEDED else None
        per_hour = _per_hour(moments, time.known)
        weeks.append(Week(monday, len(in_week), time.known, moments, presence, per_hour))
    return tuple(weeks)


def _count_moments(codes: Iterable[str], name: Callable[[str], str], known: timedelta) -> tuple[MomentCount, ...]:
    counted = sorted(Counter(codes).items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(
        MomentCount(code=code, name=name(code), moments=times, per_hour=_per_hour(times, known))
        for code, times in counted
    )


def format_on_device(device: str) -> str:
    """Return where a moment was, for example "on my phone"."""
    return _("on {device}").format(device=_("this laptop") if device == LAPTOP else device)


def _ratio(some: timedelta, whole: timedelta) -> float | None:
    return some / whole if whole else None


def _per_hour(times: int, known: timedelta) -> float | None:
    return times / (known / timedelta(hours=1)) if known >= HOURS_NEEDED else None


def _missing(
    partner_times: PartnerTimes, counted_time: TimeTotals, nudges: Nudges, weeks: Sequence[Week]
) -> tuple[str, ...]:
    sentences = []
    if not partner_times.counted:
        sentences.append(_("Presence: no partner time is known for at least half of it."))
    elif counted_time.known < HOURS_NEEDED:
        text = _("Moments per hour: {known} are known; it takes {needed}.")
        sentences.append(text.format(known=format_length(counted_time.known), needed=format_length(HOURS_NEEDED)))
    if nudges.judged < NUDGES_NEEDED:
        text = _("Share of nudges that helped: it takes {needed} with a known outcome; {so_far}.")
        sentences.append(text.format(needed=NUDGES_NEEDED, so_far=_so_far(nudges.judged)))
    full = sum(1 for week in weeks if week.per_hour is not None)
    if full < WEEKS_NEEDED:
        text = _("Week by week: it takes {needed} weeks with an hour known; {so_far}.")
        sentences.append(text.format(needed=WEEKS_NEEDED, so_far=_so_far(full)))
    return tuple(sentences)


def _so_far(count: int) -> str:
    return _("{count} so far").format(count=count) if count else _("none so far")
