"""What `turntoward quiet-week` says: how far it is, what is proposed, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from detector.cli.plan.context import say
from detector.store.quiet_week import EVENINGS, QuietWeek

if TYPE_CHECKING:
    from detector.backtest.proposals import OwnEvening, Proposal

OFFER: Final = (
    "`turntoward quiet-week start` keeps quiet for the first seven evenings, and then proposes what suits you."
)
HINT: Final = "`turntoward quiet-week start` begins with seven quiet evenings, if you like."
QUESTION: Final = "Shall it keep quiet for the first seven evenings, and then propose what suits you?"
_PROPOSE: Final = "`turntoward quiet-week propose` says what would suit you."


def say_state(week: QuietWeek, done: int) -> list[str]:
    """Return how far the quiet week is, in sentences."""
    state = _state(week, done)
    if state == "not begun":
        return ["The quiet week has not begun; nudges are said.", OFFER]
    if state == "stopped":
        return [f"You ended the quiet week after {_of(done)}; nudges are said."]
    if state == "over":
        return [f"The quiet week is over: all {EVENINGS} evenings are done, and nudges are said.", _PROPOSE]
    return [
        f"The quiet week: {_of(done)} are done. What is noticed is kept, and nothing is said.",
        "An evening counts once it is over and 20 min of it are known. `turntoward quiet-week stop` ends it.",
    ]


def state_as_json(week: QuietWeek, done: int) -> str:
    """Return how far it is as JSON."""
    since = None if week.since is None else week.since.isoformat()
    shown = {"state": _state(week, done), "evenings": done, "of": EVENINGS, "since": since}
    return json.dumps(shown | {"declined": list(week.declined)}, ensure_ascii=False, indent=2)


def say_missing(week: QuietWeek, done: int) -> list[str]:
    """Return why nothing can be proposed yet, or nothing where enough evenings are known."""
    if done >= EVENINGS:
        return []
    if week.since is None:
        return ["Proposals rest on seven quiet evenings, and the quiet week has not begun.", OFFER]
    missing = EVENINGS - done
    sentences = [f"Proposals rest on seven quiet evenings: {done} are known, {missing} {_is(missing)} missing."]
    if week.stopped:
        sentences.append("You ended the quiet week early; `turntoward quiet-week start` begins it anew.")
    return sentences


def say_proposals(found: Sequence[Proposal], evenings: Sequence[OwnEvening], week: QuietWeek) -> None:
    """Write the proposals."""
    from detector.backtest.proposals import say_why  # noqa: PLC0415 - only where there is something to say
    from detector.backtest.thresholds import say_number  # noqa: PLC0415 - only where there is something to say

    if not found:
        say(f"Nothing is proposed from your {len(evenings)} evenings: the rules suit you as they are.")
    for proposal in found:
        now, then, count = proposal.now, proposal.then, proposal.evenings
        before, after = say_number(proposal.threshold.number), say_number(proposal.proposed)
        click.echo(f"{proposal.code}  {proposal.name}")
        say(f"{proposal.threshold.feature}: {before} now, {after} proposed.", "  ", "  ")
        say(say_why(proposal), "  ", "  ")
        say(f"Moments an evening: {now.moments / count:.1f} now, {then.moments / count:.1f} then.", "  ", "  ")
        say(
            f"Nudges an evening, of all rules: {now.nudges / count:.1f} now, {then.nudges / count:.1f} then.",
            "  ",
            "  ",
        )
        click.echo()
    if found:
        say(
            f"Each stands alone: `turntoward quiet-week accept {found[0].code}` takes it over, `turntoward quiet-week "
            f"decline {found[0].code}` leaves the rule as it is."
        )
    if week.declined:
        say(f"Declined, and not proposed again: {', '.join(week.declined)}.")


def proposals_as_json(found: Sequence[Proposal], evenings: Sequence[OwnEvening], week: QuietWeek) -> str:
    """Return the proposals as JSON; `proposals` is empty where evenings are missing."""
    shown: dict[str, Any] = {
        "evenings": len(evenings),
        "missing": max(0, EVENINGS - len(evenings)),
        "declined": list(week.declined),
        "proposals": [_plain(proposal) for proposal in found],
    }
    return json.dumps(shown, ensure_ascii=False, indent=2)


def say_accepted(proposal: Proposal, path: Path) -> list[str]:
    """Return what was done, and how it is undone."""
    from detector.backtest.thresholds import say_number  # noqa: PLC0415 - only where there is something to say

    before, after = say_number(proposal.threshold.number), say_number(proposal.proposed)
    return [
        f"{proposal.code} now asks for {after} instead of {before}: it stands in {click.format_filename(path)}.",
        f"To undo it, take {proposal.code} out of that file, from its [[rule]] on; the built-in rule is back then.",
    ]


def _plain(proposal: Proposal) -> dict[str, Any]:
    from detector.backtest.proposals import say_why  # noqa: PLC0415 - only where there is something to say
    from detector.backtest.thresholds import say_number  # noqa: PLC0415 - only where there is something to say

    sides = {
        name: {
            "evenings": side.evenings,
            "moments_per_evening": round(side.moments / proposal.evenings, 2),
            "nudges_per_evening_of_all_rules": round(side.nudges / proposal.evenings, 2),
        }
        for name, side in (("now", proposal.now), ("then", proposal.then))
    }
    return {
        "code": proposal.code,
        "name": proposal.name,
        "feature": proposal.threshold.feature,
        "threshold": say_number(proposal.threshold.number),
        "proposed": say_number(proposal.proposed),
        "why": say_why(proposal),
        "when": " ".join(proposal.rule.condition.text.split()),
        "backtest": sides,
    }


def _state(week: QuietWeek, done: int) -> str:
    if week.since is None:
        return "not begun"
    if week.stopped:
        return "stopped"
    return "over" if done >= EVENINGS else "under way"


def _of(done: int) -> str:
    return f"{done} of {EVENINGS} evenings"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
