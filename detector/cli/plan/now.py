"""`turntoward now`: partner time begins now, for a while."""

from __future__ import annotations

from detector.cli.plan import context
from detector.control import requests
from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.parse_times import ProblemCollector, parse_duration, parse_title


def start_now(length: str, title: str) -> None:
    """Begin partner time of this length and title."""
    reader = ProblemCollector()
    lasts = reader.read(lambda: parse_duration(length, argument="LENGTH"))
    name = reader.read(lambda: parse_title(title, argument="--title"))
    if lasts is None or name is None:
        raise UserError(reader.problems)
    with context.open_store() as store:
        before = context.read(store)
        started = requests.start(store, before.now, lasts, name)
        after = context.read(store)
    current = before.plan.current
    if started is None and current is not None:
        hint = _("`turntoward extend` lets it go on longer; `turntoward stop` ends it.")
        raise UserError(f"{before.unchanged_sentence(current)}\n  {hint}")
    sentences = after.state_sentences()
    sentences[1:1] = after.following_sentences()
    context.conclude(sentences)
