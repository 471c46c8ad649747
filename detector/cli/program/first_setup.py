"""`turntoward run --offer`: partner time now and a quiet first week, for somebody at a terminal who has neither."""

from dataclasses import replace
from datetime import datetime, timedelta

import click

from detector.cli.output import is_interactive, print_text
from detector.cli.plan import context as plan
from detector.cli.quiet_week.quiet_week import QUESTION
from detector.i18n import _
from detector.partner_time.model import DEFAULT_TITLE, partner_time_from_now
from detector.store import quiet_week
from detector.store.store import Store


def offer_setup() -> None:
    # In a script nobody can answer, so nothing is offered there.
    with plan.open_store() as store:
        before = plan.read_plan(store)
        if not is_interactive():
            return
        if not before.partner_times:
            # Not `output.confirm`: the questions go to the standard error, and "no" says how to go on.
            ask = _("No partner time is declared. Begin one now, for 30 minutes?")
            if not click.confirm(ask, default=True, err=True):
                click.echo(
                    _("Nothing is declared; `turntoward add --help` shows how, and `turntoward now 90min` begins one.")
                )
                return
            store.plans.add(partner_time_from_now(DEFAULT_TITLE, timedelta(minutes=30), before.now))
            for sentence in plan.read_plan(store).state_sentences():
                print_text(sentence)
        _offer_quiet_week(store, before.now)


def _offer_quiet_week(store: Store, now: datetime) -> None:
    # It is offered only once, whatever the answer.
    if not quiet_week.should_offer(store):
        return
    if click.confirm(QUESTION, default=False, err=True):
        quiet_week.start(store, now)
        click.echo(_("The quiet week begins; `turntoward quiet-week` shows how far it is."))
    else:
        quiet_week.save(store, replace(quiet_week.load(store), offered=True))
