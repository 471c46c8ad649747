"""`turntoward quiet-week propose`, `accept` and `decline`: thresholds that suit the person's own evenings."""

from collections.abc import Sequence
from typing import Any

import click

from detector.backtest.proposals import RecordedEvening, ThresholdProposal, format_proposal_reason, propose
from detector.backtest.thresholds import format_number
from detector.cli.output import print_json, print_text
from detector.cli.plan import context
from detector.cli.quiet_week.quiet_week import format_missing
from detector.cli.stored import open_stored
from detector.config.read import read_settings
from detector.errors import UserError
from detector.i18n import _
from detector.paths import config_path, rules_dir
from detector.rulebook.editing import as_table, write_rule
from detector.rulebook.loading import BUILT_IN, load_rules
from detector.store import quiet_week
from detector.store.quiet_week import EVENINGS, QuietWeek
from detector.zone import local_zone


def write_proposals(*, as_json: bool) -> None:
    week, evenings = _read_week()
    proposals = _propose(evenings, declined=week.declined)
    if as_json:
        listed = [_proposal_as_json(proposal) for proposal in proposals]
        missing_evenings = max(0, EVENINGS - len(evenings))
        state = {"evenings": len(evenings), "missing": missing_evenings, "declined": list(week.declined)}
        print_json(state | {"proposals": listed})
        return
    if missing := format_missing(week, len(evenings)):
        for sentence in missing:
            print_text(sentence)
        return
    if not proposals:
        text = _("Nothing is proposed from your {count} evenings: the rules suit you as they are.")
        print_text(text.format(count=len(evenings)))
    for proposal in proposals:
        _write_proposal(proposal)
    if proposals:
        text = _(
            "Each stands alone: `turntoward quiet-week accept {code}` takes it over, "
            "`turntoward quiet-week decline {code}` leaves the rule as it is."
        )
        print_text(text.format(code=proposals[0].code))
    if week.declined:
        print_text(_("Declined, and not proposed again: {codes}.").format(codes=", ".join(week.declined)))


def accept_proposal(code: str) -> None:
    week, evenings = _read_week()
    proposal = _find(code, evenings, week)
    today = f"{context.CLOCK.now().astimezone():%Y-%m-%d}"
    path = write_rule(rules_dir(), _as_own_rule(proposal), _("yours since {day}").format(day=today))
    # Accepting undoes an earlier decline.
    if proposal.code in week.declined:
        with context.open_store() as store:
            quiet_week.undecline(store, proposal.code)
    before, after = format_number(proposal.threshold.number), format_number(proposal.proposed)
    done = _("{code} now asks for {after} instead of {before}: it stands in {file}.")
    undo = _("To undo it, take {code} out of that file, from its [[rule]] on; the built-in rule is back then.")
    done = done.format(code=proposal.code, after=after, before=before, file=click.format_filename(path))
    context.wake_and_report([done, undo.format(code=proposal.code)])


def decline_proposal(code: str) -> None:
    week, evenings = _read_week()
    proposal = _find(code, evenings, week)
    with context.open_store() as store:
        quiet_week.decline(store, proposal.code)
    text = _(
        "{code} stays as it is, and this is not proposed again. `turntoward quiet-week accept {code}` takes it over "
        "all the same."
    )
    print_text(text.format(code=proposal.code))


def _read_week() -> tuple[QuietWeek, list[RecordedEvening]]:
    evenings = []
    with open_stored() as store:
        week, history = quiet_week.load(store), store.history
        # An evening may have several parts: a restart of the daemon divides it.
        for occurrences in quiet_week.evenings(store, week, local_zone()):
            parts = [(part, tuple(history.observations(part.id)), history.moments_of(part)) for part in occurrences]
            evenings.append(RecordedEvening(parts=parts))
    return week, evenings


def _propose(
    evenings: Sequence[RecordedEvening], *, declined: tuple[str, ...] = (), only: str | None = None
) -> list[ThresholdProposal]:
    settings, rules = read_settings(config_path()), load_rules(rules_dir()).rules
    # The person chose the numbers of their own rules.
    mine = [rule.code for rule in rules if rule.source != BUILT_IN]
    return propose(
        evenings, rules, mine=mine, declined=declined, only=only, policy=settings.policy, attention=settings.attention
    )


def _find(code: str, evenings: Sequence[RecordedEvening], week: QuietWeek) -> ThresholdProposal:
    # Only this rule is played: all of them take seconds.
    for proposal in _propose(evenings, only=code.strip().upper()):
        return proposal
    if missing := format_missing(week, len(evenings)):
        raise UserError(" ".join(missing))
    codes = ", ".join(proposal.code for proposal in _propose(evenings))
    message = (
        _("Nothing is proposed for '{code}'. There is one for {codes}.")
        if codes
        else _("Nothing is proposed for '{code}'. There is none.")
    )
    raise UserError(message.format(code=code.strip()[:20], codes=codes))


def _as_own_rule(proposal: ThresholdProposal) -> dict[str, object]:
    page = proposal.rule.page
    before, after = format_number(proposal.threshold.number), format_number(proposal.proposed)
    notices = _("{notices} Here with a number of your own: {after} instead of {before}.")
    example = _("{example} So it was with {before}; now it is {after}.")
    return as_table(proposal.rule) | {
        "notices": notices.format(notices=page.notices, after=after, before=before),
        "example": example.format(example=page.example, after=after, before=before),
    }


def _write_proposal(proposal: ThresholdProposal) -> None:
    now, then, evenings = proposal.now, proposal.then, proposal.evenings
    before, after = format_number(proposal.threshold.number), format_number(proposal.proposed)
    click.echo(f"{proposal.code}  {proposal.name}")
    change = _("{feature}: {before} now, {after} proposed.")
    moments = _("Moments an evening: {now} now, {then} then.")
    nudges = _("Nudges an evening, of all rules: {now} now, {then} then.")
    for sentence in (
        change.format(feature=proposal.threshold.feature, before=before, after=after),
        format_proposal_reason(proposal),
        moments.format(now=f"{now.moments / evenings:.1f}", then=f"{then.moments / evenings:.1f}"),
        nudges.format(now=f"{now.nudges / evenings:.1f}", then=f"{then.nudges / evenings:.1f}"),
    ):
        print_text(sentence, "  ", "  ")
    click.echo()


def _proposal_as_json(proposal: ThresholdProposal) -> dict[str, Any]:
    return {
        "code": proposal.code,
        "name": proposal.name,
        "feature": proposal.threshold.feature,
        "threshold": format_number(proposal.threshold.number),
        "proposed": format_number(proposal.proposed),
        "why": format_proposal_reason(proposal),
        "when": " ".join(proposal.rule.condition.text.split()),
        "backtest": {
            name: {
                "evenings": side.evenings,
                "moments_per_evening": round(side.moments / proposal.evenings, 2),
                "nudges_per_evening_of_all_rules": round(side.nudges / proposal.evenings, 2),
            }
            for name, side in (("now", proposal.now), ("then", proposal.then))
        },
    }
