"""`turntoward replay`: a recording through the same core that decides live."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from detector.core.effects import Moment
    from detector.core.pipeline import Pipeline
    from rules.model import Rule

WIDTH: Final = 79


@click.command(epilog="Example: turntoward replay evening.jsonl")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Write the moments as JSON.")
@click.option("--watch", "watching", is_flag=True, help="Watch it as a timeline; keys pause, step, change the speed.")
@click.option(
    "--speed",
    metavar="N",
    type=click.FloatRange(1, 14_400),
    default=60,
    show_default=True,
    help="How many times as fast as it was, with --watch.",
)
def command(file: Path, *, as_json: bool, watching: bool, speed: float) -> None:
    """Play a recording, FILE, through the core and the rules in force, and show the moments.

    Nothing is shown on the desktop, and nothing is kept. With --watch: space pauses, s steps to the next decision, +
    and - change the speed, q leaves; where nobody can press a key the lines are written at once.
    """
    from detector.config.read import read_settings  # noqa: PLC0415 - not for --help
    from detector.core.effects import Moment, Record  # noqa: PLC0415 - not for --help
    from detector.core.pipeline import Pipeline  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help
    from detector.paths import config_path, rules_dir  # noqa: PLC0415 - not for --help
    from detector.rulebook.loading import load_rules  # noqa: PLC0415 - not for --help
    from detector.store.recordings import read_recording  # noqa: PLC0415 - not for --help

    settings = read_settings(config_path())
    rules = load_rules(rules_dir()).rules
    core = Pipeline(rules, settings.policy, settings.attention)
    if watching:
        if as_json:
            raise UserError("--watch is for people and --json for programs; give one of them.")
        _watch(file, core, rules, speed)
        return
    moments: dict[tuple[str, int], Moment] = {}
    occurrences: dict[str, None] = {}
    count = 0
    for observation in read_recording(file):
        count += 1
        for effect in core.feed(observation):
            if isinstance(effect, Record):
                occurrences[effect.occurrence] = None
                if isinstance(effect.what, Moment):
                    moments[effect.what.occurrence, effect.what.number] = effect.what
    if not occurrences:
        raise UserError(f"{file}: no partner time begins in it, so there is nothing to decide.")
    if as_json:
        click.echo(_as_json(count, len(occurrences), moments.values()))
        return
    names = {rule.code: rule for rule in rules}
    for line in _as_table(moments.values(), names):
        click.echo(line)
    click.echo(_counted(count, len(occurrences), moments.values()))


def _watch(file: Path, core: Pipeline, rules: Sequence[Rule], speed: float) -> None:
    from detector.cli.replay.lines import Timeline  # noqa: PLC0415 - not for --help
    from detector.cli.replay_watching import watch  # noqa: PLC0415 - not for --help
    from detector.clock import SystemClock  # noqa: PLC0415 - not for --help
    from detector.core.observations import PartnerTimeBegan  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help
    from detector.store.recordings import read_recording  # noqa: PLC0415 - not for --help

    # Whoever watches is not to be told at the end that the file is broken in its middle. A pipe comes only once.
    if file.is_file():
        begun = sum(isinstance(seen, PartnerTimeBegan) for seen in read_recording(file))
        if not begun:
            raise UserError(f"{file}: no partner time begins in it, so there is nothing to decide.")
    timeline = Timeline(core, rules)
    watch(timeline.lines(read_recording(file)), speed=speed, monotonic=SystemClock().monotonic)
    click.echo(_counted(timeline.observations, len(timeline.occurrences), timeline.moments.values()))


def _counted(count: int, partner_times: int, moments: Collection[Moment]) -> str:
    said = sum(moment.decided == "nudged" for moment in moments)
    counted = ((count, "observation"), (partner_times, "partner time"), (len(moments), "moment"), (said, "nudge"))
    return ", ".join(f"{number:,} {word}{'' if number == 1 else 's'}" for number, word in counted) + "."


def _as_table(moments: Iterable[Moment], names: Mapping[str, Rule]) -> list[str]:
    from rules.explain import say_reason, say_what  # noqa: PLC0415 - not for --help

    rows = [
        (
            f"{moment.decided_at.astimezone():%H:%M:%S}",
            names[moment.rule].name if moment.rule in names else moment.rule,
            say_what(moment.category, device=moment.device),
            "nudge" if moment.decided == "nudged" else "kept" if moment.decided == "suppressed" else "waiting",
            (moment.outcome.replace("_", " ") if moment.outcome else "")
            or (say_reason(moment.reason) if moment.reason else ""),
        )
        for moment in moments
    ]
    if not rows:
        return ["No rule held."]
    heads = ("When", "Rule", "What", "Said", "What came of it, or why not")
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(4)]
    widths[1], widths[2] = min(widths[1], 26), min(widths[2], 26)
    return [_line(row, widths) for row in (heads, *rows)]


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=False)]
    start = "  ".join(cells) + "  "
    return _cut(start + row[-1], WIDTH).rstrip()


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1].rstrip() + "…"


def _as_json(count: int, partner_times: int, moments: Iterable[Moment]) -> str:
    import json  # noqa: PLC0415 - not for --help
    from dataclasses import asdict  # noqa: PLC0415 - not for --help

    from rules.explain import say_key, say_value  # noqa: PLC0415 - not for --help

    listed = []
    for moment in moments:
        plain = asdict(moment)
        plain["evidence"] = {say_key(key): say_value(value) for key, value in moment.evidence}
        listed.append(
            {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in plain.items()}
        )
    whole = {"observations": count, "partner_times": partner_times, "moments": listed}
    return json.dumps(whole, ensure_ascii=False, indent=2)
