"""`turntoward quiet-week`: seven evenings in which nothing is said, and then what would suit you."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from detector.backtest.proposals import OwnEvening, Proposal
    from detector.store.quiet_week import QuietWeek
    from detector.store.store import Store


@click.group(invoke_without_command=True, epilog="Example: turntoward quiet-week start")
@click.option("--json", "as_json", is_flag=True, help="Write how far it is as JSON.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Keep quiet for seven evenings, and then be told what suits you.

    The rules are on, and what they find is kept, but nothing is said. Then thresholds are proposed from your own
    evenings, to be accepted one by one. Without a command it says how far it is.
    """
    ctx.obj = as_json
    if ctx.invoked_subcommand is None:
        _status(as_json=as_json)


@command.command(epilog="Example: turntoward quiet-week start")
def start() -> None:
    """Begin with the next partner time; it ends by itself after seven evenings."""
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.cli.quiet_week.output import say_state  # noqa: PLC0415 - not for --help
    from detector.store import quiet_week  # noqa: PLC0415 - not for --help
    from detector.zone import reader_zone  # noqa: PLC0415 - not for --help

    with declared.opened() as store:
        if quiet_week.current_evening(store, reader_zone()) is not None:
            week = quiet_week.load(store)
            sentences = ["It has begun already.", *say_state(week, _done(store, week))]
        else:
            quiet_week.start(store, declared.CLOCK.now())
            sentences = ["For seven evenings nothing is said; what is noticed is kept."]
            sentences += ["The partner time under way goes on as it is; it begins with the next."] * bool(
                store.history.unfinished()
            )
            sentences.append("`turntoward quiet-week` says how far it is, and `turntoward quiet-week stop` ends it.")
    declared.conclude(sentences)


@command.command(epilog="Example: turntoward quiet-week status --json")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Say how many of the seven evenings are done."""
    _status(as_json=as_json or bool(ctx.obj))


@command.command(epilog="Example: turntoward quiet-week stop")
def stop() -> None:
    """End it early: nudges are said from now on."""
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.store import quiet_week  # noqa: PLC0415 - not for --help
    from detector.zone import reader_zone  # noqa: PLC0415 - not for --help

    with declared.opened() as store:
        evening = quiet_week.current_evening(store, reader_zone())
        if evening is not None:
            quiet_week.stop(store)
    if evening is None:
        declared.say("The quiet week is not under way; nothing was changed.")
        return
    declared.conclude([f"The quiet week is over after {_evenings(evening - 1)}; from now on nudges are said."])


@command.command(epilog="Example: turntoward quiet-week propose --json")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
@click.pass_context
def propose(ctx: click.Context, *, as_json: bool) -> None:
    """Say which thresholds would suit you, and what each would have done.

    They come from your own seven evenings, and only ever let a rule speak later. Nothing changes until you accept one.
    """
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.cli.quiet_week.output import proposals_as_json, say_missing, say_proposals  # noqa: PLC0415 - as above

    week, evenings = _read()
    found = _proposals(evenings, declined=week.declined)
    if as_json or ctx.obj:
        click.echo(proposals_as_json(found, evenings, week))
        return
    if missing := say_missing(week, len(evenings)):
        for sentence in missing:
            declared.say(sentence)
        return
    say_proposals(found, evenings, week)


@command.command(epilog="Example: turntoward quiet-week accept F101")
@click.argument("code", metavar="CODE")
def accept(code: str) -> None:
    """Take the proposal for the rule CODE over into rules of your own."""
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.cli.quiet_week.output import say_accepted  # noqa: PLC0415 - not for --help
    from detector.paths import rules_dir  # noqa: PLC0415 - not for --help
    from detector.rulebook.editing import write_rule  # noqa: PLC0415 - not for --help
    from detector.store import quiet_week  # noqa: PLC0415 - not for --help

    week, evenings = _read()
    proposal = _chosen(code, evenings, week)
    path = write_rule(rules_dir(), _as_own(proposal), f"yours since {declared.CLOCK.now().astimezone():%Y-%m-%d}")
    if proposal.code in week.declined:
        with declared.opened() as store:
            quiet_week.decline(store, proposal.code, wanted=True)
    declared.conclude(say_accepted(proposal, path))


@command.command(epilog="Example: turntoward quiet-week decline F101")
@click.argument("code", metavar="CODE")
def decline(code: str) -> None:
    """Leave the rule CODE as it is; its proposal is not made again."""
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.store import quiet_week  # noqa: PLC0415 - not for --help

    week, evenings = _read()
    proposal = _chosen(code, evenings, week)
    with declared.opened() as store:
        quiet_week.decline(store, proposal.code)
    declared.say(
        f"{proposal.code} stays as it is, and this is not proposed again. `turntoward quiet-week accept "
        f"{proposal.code}` takes it over all the same."
    )


def _status(*, as_json: bool) -> None:
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.cli.quiet_week.output import say_state, state_as_json  # noqa: PLC0415 - not for --help
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store import quiet_week  # noqa: PLC0415 - not for --help
    from detector.store.errors import StoreMissing  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        with Store.open(store_path(), read_only=True) as store:
            week = quiet_week.load(store)
            done = _done(store, week)
    except StoreMissing:
        week, done = quiet_week.QuietWeek(), 0
    if as_json:
        click.echo(state_as_json(week, done))
        return
    for sentence in say_state(week, done):
        declared.say(sentence)


def _done(store: Store, week: QuietWeek) -> int:
    from detector.store import quiet_week  # noqa: PLC0415 - not for --help
    from detector.zone import reader_zone  # noqa: PLC0415 - not for --help

    return len(quiet_week.evenings(store, week, reader_zone()))


def _read() -> tuple[QuietWeek, list[OwnEvening]]:
    """Return the quiet week and its evenings, each with what was observed and decided in it."""
    from datetime import timedelta  # noqa: PLC0415 - not for --help

    from detector.backtest.proposals import OwnEvening  # noqa: PLC0415 - not for --help
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store import quiet_week  # noqa: PLC0415 - not for --help
    from detector.store.errors import StoreMissing  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help
    from detector.zone import reader_zone  # noqa: PLC0415 - not for --help

    try:
        with Store.open(store_path(), read_only=True) as store:
            week, evenings = quiet_week.load(store), []
            for kept in quiet_week.evenings(store, week, reader_zone()):
                parts = []
                for each in kept:
                    moments = store.history.moments(each.began, each.began + timedelta(microseconds=1))
                    own = [moment for moment in moments if moment.occurrence == each.id]
                    parts.append((each, tuple(store.history.observations(each.id)), own))
                evenings.append(OwnEvening(parts=parts))
            return week, evenings
    except StoreMissing:
        return quiet_week.QuietWeek(), []


def _proposals(
    evenings: list[OwnEvening], *, declined: tuple[str, ...] = (), only: str | None = None
) -> list[Proposal]:
    from detector.backtest.proposals import propose as proposed  # noqa: PLC0415 - not for --help
    from detector.config.read import read_settings  # noqa: PLC0415 - not for --help
    from detector.paths import config_path, rules_dir  # noqa: PLC0415 - not for --help
    from detector.rulebook.loading import BUILT_IN, load_rules  # noqa: PLC0415 - not for --help

    settings, rules = read_settings(config_path()), load_rules(rules_dir()).rules
    mine = [rule.code for rule in rules if rule.source != BUILT_IN]
    return proposed(
        evenings, rules, mine=mine, declined=declined, only=only, policy=settings.policy, attention=settings.attention
    )


def _as_own(proposal: Proposal) -> dict[str, object]:
    """Return what stands in a pack for the rule with the proposed number; its page says that it is one's own."""
    from detector.backtest.thresholds import say_number  # noqa: PLC0415 - not for --help
    from detector.rulebook.editing import copy_of  # noqa: PLC0415 - not for --help

    page = proposal.rule.page
    before, after = say_number(proposal.threshold.number), say_number(proposal.proposed)
    return copy_of(proposal.rule) | {
        "notices": f"{page.notices} Here with a number of your own: {after} instead of {before}.",
        "example": f"{page.example} So it was with {before}; now it is {after}.",
    }


def _chosen(code: str, evenings: list[OwnEvening], week: QuietWeek) -> Proposal:
    from detector.cli.quiet_week.output import say_missing  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    for proposal in _proposals(evenings, only=code.strip().upper()):
        return proposal
    if missing := say_missing(week, len(evenings)):
        raise UserError(" ".join(missing))
    codes = ", ".join(each.code for each in _proposals(evenings))
    there_is = f"There is one for {codes}." if codes else "There is none."
    raise UserError(f"Nothing is proposed for '{code.strip()[:20]}'. {there_is}")


def _evenings(count: int) -> str:
    return f"{count} of 7 evenings"
