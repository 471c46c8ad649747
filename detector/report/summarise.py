"""Summarise what is kept: how partner time went, and how much of it is known.

Invariant 1: only partner times that are known for at least half are counted; the others are listed as left out.
Invariant 2: a use is one micro-rejection, however many rules held in it.
Invariant 3: what the person called "for both" or "needed" is no micro-rejection; nor is a film for two, nor what may have
    called somebody who is on call.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from detector.core.attention.time_split import Share, TimeSplit, split_time, total_length
from detector.core.effects import Moment, Outcome
from detector.core.observations import LAPTOP, Observation
from detector.devices import Phone
from detector.i18n import _
from detector.report.devices import put_away_first, summarise_devices
from detector.report.rituals import offers, starts
from detector.report.rows import rows_by_occurrence
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
    Summary,
    Undisturbed,
    Unsaid,
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
    share: Share
    moments: list[Moment]
    excused: Counter[Reason]


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
    signs: Iterable[tuple[str, Observation]] = (),
    phones: Iterable[Phone] = (),
    settled: Collection[str] = (),
    cancelled: Sequence[Cancellation] = (),
) -> Summary:
    """Return the summary of the occurrences that began in `[since, until)`; rows of others are passed over.

    `until` is now, or earlier: nothing after it is counted.
    `zone` decides in which week an occurrence lies, and the summary's instants are in it. `rules` maps a code to its name.
    `signs`: when phones were picked up and put away; `phones`: those that are paired now. `settled`: categories that
    are not offered as "for both": they are already, or the person declined. `cancelled`: what was cancelled, and what
    became of it.
    """
    all_rows = rows_by_occurrence(occurrences, uses, moments, coverage, signs, since=since, until=until)
    counted_occurrences: list[_CountedOccurrence] = []
    all_time, left_out_moments, unknown_pages = Share(), 0, timedelta(0)
    for rows in all_rows:
        # All devices together: time on two of them at once counts once.
        divided = split_time(rows.uses, rows.coverage, rows.occurrence.began, rows.ends)
        share = divided.share
        all_time += share
        unknown_pages += total_length(divided.unknown_pages)
        counted, excused = _split_excused(rows.moments)
        if share.lasted and share.known / share.lasted >= KNOWN_ENOUGH:
            local = rows.occurrence.began.astimezone(zone).date()
            monday = local - timedelta(days=local.weekday())
            counted_occurrences.append(_CountedOccurrence(monday, divided, share, counted, excused))
        else:
            left_out_moments += len(counted)
    # No end is all_rows: either it goes on right now, or the daemon was killed in it.
    open_ended = [rows.occurrence for rows in all_rows if rows.occurrence.ended is None]
    under_way = sum(1 for occurrence in open_ended if occurrence.ends > until)
    partner_times = PartnerTimes(
        all=len(all_rows),
        counted=len(counted_occurrences),
        left_out=len(all_rows) - len(counted_occurrences),
        left_out_moments=left_out_moments,
        under_way=under_way,
        cut_off=len(open_ended) - under_way,
    )
    counted_time = sum((counted.share for counted in counted_occurrences), Share())
    found = [moment for counted in counted_occurrences for moment in counted.moments]
    excused = sum((counted.excused for counted in counted_occurrences), Counter[Reason]())
    all_moments = [moment for rows in all_rows for moment in rows.moments]
    unsaid = Counter(
        moment.reason for moment in all_moments if moment.decided == "suppressed" and moment.reason is not None
    )
    nudged_uses = {
        (moment.occurrence, moment.use or -moment.number) for moment in all_moments if moment.decided == "nudged"
    }
    without_nudge = Counter(
        moment.reason
        for moment in found
        if moment.reason is not None and (moment.occurrence, moment.use or -moment.number) not in nudged_uses
    )
    nudges = _nudges(all_moments)
    weeks = _weeks(counted_occurrences)
    devices = summarise_devices(all_rows, phones)
    return Summary(
        since=since.astimezone(zone),
        until=until.astimezone(zone),
        partner_times=partner_times,
        lived=all_time.lasted,
        known=all_time.known,
        unknown_pages=unknown_pages,
        share=counted_time,
        coverage=_ratio(all_time.known, all_time.lasted),
        presence=_ratio(counted_time.presence, counted_time.known),
        longest=_max_presence(counted_occurrences, zone),
        moments=len(found),
        per_hour=_per_hour(len(found), counted_time.known),
        by_category=_count_moments(
            (shown_category(moment.category or "other") for moment in found), format_category, counted_time.known
        ),
        by_rule=_count_moments(
            (moment.rule for moment in found), lambda code: rules.get(code, code), counted_time.known
        ),
        by_device=_count_moments((moment.device for moment in found), format_on_device, counted_time.known),
        devices=devices,
        put_away_first=sum(1 for rows in all_rows if any(put_away_first(rows, device.name) for device in devices)),
        together=excused[Reason.TOGETHER],
        needed=excused[Reason.NEEDED],
        on_call=excused[Reason.ON_CALL],
        nudges=nudges,
        unsaid=_by_reason(unsaid),
        without_nudge=_by_reason(without_nudge),
        weeks=weeks,
        missing=_missing(partner_times, counted_time, nudges, weeks),
        besides=_count_moments(
            (moment.rule for moment in all_moments if moment.reason is Reason.REPORT_ONLY),
            lambda code: rules.get(code, code),
            counted_time.known,
        ),
        offers=tuple(Offer(category=category, times=times) for category, times in offers(all_moments, settled)),
        starts=starts(rows.occurrence for rows in all_rows),
        cancelled=tuple(cancelled),
    )


def _by_reason(counted: Counter[Reason]) -> tuple[Unsaid, ...]:
    return tuple(Unsaid(reason=reason, moments=times) for reason, times in counted.most_common())


def _split_excused(moments: Sequence[Moment]) -> tuple[list[Moment], Counter[Reason]]:
    counted: list[Moment] = []
    excused: Counter[Reason] = Counter()
    excused_uses: set[int] = set()
    for moment in moments:
        # Several moments of one use may be excused, by the answer to one of them; the use is excused once.
        kind = _excuse(moment)
        if kind is not None and (moment.use is None or moment.use not in excused_uses):
            excused[kind] += 1
            excused_uses |= set() if moment.use is None else {moment.use}
    seen: set[int] = set()
    # A use counts under its first rule. Rules for the report alone come last: any other rule says more about the use.
    for moment in sorted(moments, key=lambda moment: (moment.reason is Reason.REPORT_ONLY, moment.number)):
        if moment.reason is Reason.SAME_USE or _excuse(moment) is not None or moment.use in excused_uses:
            continue
        if moment.use is not None:
            if moment.use in seen:
                continue
            seen.add(moment.use)
        counted.append(moment)
    return counted, excused


def _excuse(moment: Moment) -> Reason | None:
    answered = {Outcome.TOGETHER: Reason.TOGETHER, Outcome.NEEDED: Reason.NEEDED}.get(moment.outcome or Outcome.UNKNOWN)
    return answered or (_EXCUSES.get(moment.reason) if moment.reason else None)


def _max_presence(counted_occurrences: Iterable[_CountedOccurrence], zone: tzinfo) -> Undisturbed | None:
    stretches = [stretch for counted in counted_occurrences for stretch in counted.divided.present]
    if not stretches:
        return None
    # Of equal ones the first. To the minute: a phone may have been laid down then.
    begins, ends = max(stretches, key=lambda stretch: stretch[1] - stretch[0])
    return Undisturbed(lasted=ends - begins, began=begins.astimezone(zone).replace(second=0, microsecond=0))


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
    for monday, lived in sorted(by_monday.items()):
        share = sum((counted.share for counted in lived), Share())
        moments = sum(len(counted.moments) for counted in lived)
        # The same bound as for moments per hour: a share of ten minutes would be a grade of chance.
        presence = _ratio(share.presence, share.known) if share.known >= HOURS_NEEDED else None
        per_hour = _per_hour(moments, share.known)
        weeks.append(Week(monday, len(lived), share.known, moments, presence, per_hour))
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
    partner_times: PartnerTimes, counted_time: Share, nudges: Nudges, weeks: Sequence[Week]
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
