"""What `turntoward backtest` writes: a table of rules, the evenings that change, and the same for JSON."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from detector.backtest.compare import Comparison, RuleComparison, RuleCounts
from detector.cli.output import attributes, columns, cut, wrap
from detector.core.effects import Moment
from detector.i18n import _, format_clock, ngettext
from detector.partner_time.day_names import format_short_day
from rules.explain import format_activity, shown_category, shown_instant
from rules.features import LAPTOP

NAME_COLUMNS: Final = 36
# Evenings that the text lists; JSON has them all.
MAX_EVENINGS: Final = 20


def nothing_to_play(since: datetime, *, under_way: int) -> str:
    if under_way:
        text = _("Partner time is under way; it can be played once it is over.")
    else:
        text = _(
            "No partner time is kept since {day}, so there is nothing to play. Evenings are kept from now on; "
            "`turntoward import activitywatch` takes in those that ActivityWatch kept, and `--since` looks further back."
        ).format(day=_day(since))
    return "\n".join(_wrapped(text))


def comparison_lines(
    comparison: Comparison, since: datetime, *, under_way: int, is_in_force: bool, zone: ZoneInfo
) -> Iterator[str]:
    headings = (_("without"), _("with")) if is_in_force else (_("now"), _("then"))
    heading = ngettext(
        "{count:,} partner time since {day}, {observations:,} observations.",
        "{count:,} partner times since {day}, {observations:,} observations.",
        comparison.evenings,
    )
    yield heading.format(count=comparison.evenings, day=_day(since), observations=comparison.observations)
    if comparison.empty:
        yield _("For {count:,} more no observations are kept.").format(count=comparison.empty)
    if under_way:
        yield _("The one under way is left out.")
    yield ""
    yield from _table(comparison, headings)
    yield ""
    if comparison.candidate is None:
        yield from _wrapped(_("`--rules FILE` shows beside it what a pack of yours would have found."))
        return
    yield from _changes(comparison, headings, zone)
    yield ""
    yield from _wrapped(
        _(
            "Both sides are played again from what was observed. Your answers count where the same use gets a nudge. "
            "Nobody knows the outcome of a nudge that was never shown, so outcomes are not compared."
        )
    )


def comparison_as_json(
    comparison: Comparison, since: datetime, *, under_way: int, is_in_force: bool, zone: ZoneInfo
) -> dict[str, Any]:

    def sides(counts: Comparison | RuleComparison) -> dict[str, Any]:
        return {
            "now": _counts_as_json(counts.current, comparison.evenings),
            "then": _counts_as_json(counts.candidate, comparison.evenings),
        }

    def nudges(moments: Iterable[Moment]) -> list[dict[str, Any]]:
        return [
            {"at": shown_instant(moment.decided_at, moment.device).astimezone(zone)}
            | attributes(moment, "rule", "category", "device")
            | {"category": shown_category(moment.category or "other")}
            for moment in moments
        ]

    return {
        "since": since,
        "partner_times": comparison.evenings,
        "without_observations": comparison.empty,
        "under_way": under_way,
        "observations": comparison.observations,
        "in_force_already": is_in_force,
        "rules": [attributes(rule, "code", "name", "changed") | sides(rule) for rule in comparison.rules],
        "all": sides(comparison),
        "changed": [
            {
                "occurrence": evening.occurrence.id,
                "began": evening.occurrence.began.astimezone(zone),
                "appear": nudges(evening.appear),
                "vanish": nudges(evening.vanish),
            }
            for evening in comparison.changed
        ],
        "not_compared": ["outcomes"],
    }


def _table(comparison: Comparison, headings: tuple[str, str]) -> Iterator[str]:
    has_both = comparison.candidate is not None
    moments, nudges = _("moments each"), _("nudges")
    names = f"{_('CODE'):<8} {_('NAME'):<{NAME_COLUMNS}}"
    if has_both:
        yield f"{'':{NAME_COLUMNS + 9}}{moments:>15}{nudges:>16}"
        yield f"{names}{headings[0]:>8}{headings[1]:>7}{headings[0]:>9}{headings[1]:>7}"
    else:
        yield f"{'':{NAME_COLUMNS + 9}}{moments:>13}{nudges:>9}"
        yield names.rstrip()
    without_moments = 0
    for rule in comparison.rules:
        # A rule that changed is shown even if it found nothing.
        if not rule.changed and not any(side and side.moments for side in (rule.current, rule.candidate)):
            without_moments += 1
            continue
        mark = "" if not rule.changed else " +" if rule.current is None else " -" if rule.candidate is None else " *"
        name = cut(rule.name, NAME_COLUMNS - 1)
        cells = _cells(rule.current, rule.candidate, comparison.evenings, has_both=has_both)
        yield f"{rule.code + mark:<8} {name:<{NAME_COLUMNS}}{cells}"
    total = _cells(comparison.current, comparison.candidate, comparison.evenings, has_both=has_both)
    yield f"{_('all rules'):<{NAME_COLUMNS + 9}}{total}"
    if any(rule.changed for rule in comparison.rules):
        yield _("* changed, + new, - gone")
    if without_moments:
        text = ngettext("{count:,} rule more found nothing.", "{count:,} rules more found nothing.", without_moments)
        yield text.format(count=without_moments)


def _cells(current: RuleCounts | None, candidate: RuleCounts | None, evenings: int, *, has_both: bool) -> str:
    moments = [_moments_each(side, evenings) for side in (current, candidate)]
    nudges = ["" if side is None else f"{side.nudges:,}" for side in (current, candidate)]
    if not has_both:
        return f"{moments[0]:>13}{nudges[0]:>9}"
    return f"{moments[0]:>8}{moments[1]:>7}{nudges[0]:>9}{nudges[1]:>7}"


def _moments_each(side: RuleCounts | None, evenings: int) -> str:
    if side is None:
        return ""
    mean = side.moments / evenings
    # Less than 0.05 would read as 0.0, which looks like never.
    return f"{mean:.1f}" if mean >= 0.05 or not side.moments else "<0.1"


def _changes(comparison: Comparison, headings: tuple[str, str], zone: ZoneInfo) -> Iterator[str]:
    if not comparison.changed:
        yield _("No evening changes.")
        return
    with_nudges = [evening for evening in comparison.changed if evening.appear or evening.vanish]
    others = len(comparison.changed) - len(with_nudges)
    if with_nudges:
        text = ngettext(
            "{count:,} evening changes; + is a nudge only {now}, - only {before}:",
            "{count:,} evenings change; + is a nudge only {now}, - only {before}:",
            len(with_nudges),
        )
        yield text.format(count=len(with_nudges), now=headings[1], before=headings[0])
    rules = {rule.code: rule for rule in comparison.rules}
    for evening in with_nudges[:MAX_EVENINGS]:
        began = evening.occurrence.began.astimezone(zone)
        yield f"{format_short_day(began, with_year=True)}, {format_clock(began)}"
        signed = [("+", moment) for moment in evening.appear] + [("-", moment) for moment in evening.vanish]
        # By time, so that both lines of a nudge that only moves are next to each other.
        for sign, moment in sorted(signed, key=lambda pair: pair[1].decided_at):
            what = format_activity(moment.category, device=moment.device)
            at = format_clock(moment.decided_at.astimezone(zone), seconds=moment.device == LAPTOP)
            yield cut(f"  {sign} {at:<8}  {rules[moment.rule].name} ({moment.rule}): {what}", columns())
    if (rest := len(with_nudges) - MAX_EVENINGS) > 0:
        text = ngettext(
            "… and {count:,} evening more; `--json` lists them all.",
            "… and {count:,} evenings more; `--json` lists them all.",
            rest,
        )
        yield text.format(count=rest)
    if others:
        text = ngettext(
            "In {count:,} evening only moments without a nudge change.",
            "In {count:,} evenings only moments without a nudge change.",
            others,
        )
        yield from _wrapped(text.format(count=others))


def _counts_as_json(side: RuleCounts | None, evenings: int) -> dict[str, Any] | None:
    if side is None:
        return None
    mean = round(side.moments / evenings, 3) if evenings else None
    return {"moments": side.moments, "moments_each": mean, "nudges": side.nudges}


def _wrapped(text: str) -> list[str]:
    return wrap(text, width=columns())


def _day(at: datetime) -> str:
    return f"{at:%d %b %Y}"
