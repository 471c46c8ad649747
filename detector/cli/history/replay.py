"""`turntoward replay`: play a recording through the core that decides live."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from detector.cli.output import cut, print_json
from detector.config.read import read_settings
from detector.core.effects import Moment, Record
from detector.core.pipeline import Pipeline
from detector.errors import UserError
from detector.i18n import _, format_clock, ngettext
from detector.paths import config_path, rules_dir
from detector.rulebook.loading import load_rules
from detector.store.recordings import read_recording
from rules.explain import (
    format_activity,
    format_feature,
    format_measure,
    format_reason,
    shown_category,
    shown_instant,
)
from rules.features import LAPTOP
from rules.model import Rule

WIDTH: Final = 79
# Width of the column of the rule's name, and of that of the activity.
MAX_NAME: Final = 26


def replay(file: Path, *, as_json: bool) -> None:
    settings = read_settings(config_path())
    rules = load_rules(rules_dir()).rules
    # No baselines: a recording carries no evenings from before.
    core = Pipeline(rules, settings.policy, settings.attention)
    moments: dict[tuple[str, int], Moment] = {}
    occurrences: set[str] = set()
    count = 0
    for count, observation in enumerate(read_recording(file), start=1):  # noqa: B007 - the last number is the count
        for effect in core.feed(observation):
            if isinstance(effect, Record):
                occurrences.add(effect.occurrence)
                if isinstance(effect.item, Moment):
                    # A moment is recorded again whenever it changes; the last record has its outcome.
                    moments[effect.item.occurrence, effect.item.number] = effect.item
    if not occurrences:
        raise UserError(_("{file}: no partner time begins in it, so there is nothing to decide.").format(file=file))
    if as_json:
        listed = [_as_json(moment) for moment in moments.values()]
        print_json({"observations": count, "partner_times": len(occurrences), "moments": listed})
        return
    for line in _table(moments.values(), {rule.code: rule for rule in rules}):
        click.echo(line)
    click.echo(_counts(count, len(occurrences), moments.values()))


def _as_json(moment: Moment) -> dict[str, Any]:
    plain = asdict(moment)
    for name in ("began", "decided_at", "ended", "answered_at"):
        plain[name] = plain[name] and shown_instant(plain[name], moment.device)
    return plain | {
        "category": moment.category and shown_category(moment.category),
        "evidence": {format_feature(key): format_measure(key, value) for key, value in moment.evidence},
    }


def _counts(observations: int, partner_times: int, moments: Collection[Moment]) -> str:
    nudges = sum(moment.decided == "nudged" for moment in moments)
    counts = (
        ngettext("{count:,} observation", "{count:,} observations", observations).format(count=observations),
        ngettext("{count:,} partner time", "{count:,} partner times", partner_times).format(count=partner_times),
        ngettext("{count:,} moment", "{count:,} moments", len(moments)).format(count=len(moments)),
        ngettext("{count:,} nudge", "{count:,} nudges", nudges).format(count=nudges),
    )
    return ", ".join(counts) + "."


def _table(moments: Iterable[Moment], rules: Mapping[str, Rule]) -> list[str]:
    decided = {"nudged": _("nudge"), "suppressed": _("kept")}
    rows = [
        (
            format_clock(moment.decided_at.astimezone(), seconds=moment.device == LAPTOP),
            rules[moment.rule].name if moment.rule in rules else moment.rule,
            format_activity(moment.category, device=moment.device),
            decided.get(moment.decided, _("waiting")),
            (moment.outcome.replace("_", " ") if moment.outcome else "")
            or (format_reason(moment.reason) if moment.reason else ""),
        )
        for moment in moments
    ]
    if not rows:
        return [_("No rule held.")]
    headings = (_("When"), _("Rule"), _("What"), _("Said"), _("Outcome, or why no nudge"))
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(4)]
    widths[1], widths[2] = min(widths[1], MAX_NAME), min(widths[2], MAX_NAME)
    # The last column has the rest of the line.
    lines = []
    for *cells, last in (headings, *rows):
        columns = [cut(cell, width).ljust(width) for cell, width in zip(cells, widths, strict=True)]
        lines.append(cut("  ".join([*columns, last]), WIDTH).rstrip())
    return lines
