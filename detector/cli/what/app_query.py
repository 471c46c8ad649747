"""What `turntoward what` is asked about, and how the answer is written.

Invariant 1: a title is never written out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import click

from detector.activities.classifier import Classifier
from detector.activities.model import Classification
from detector.cli.output import columns, wrap
from detector.errors import printable
from detector.i18n import format_clock
from detector.sensors.model import Toplevel
from rules.explain import shown_category
from rules.features import UNNAMED

MAX_WORD: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class AppQuery:
    """An app as the command line names it, or as a sensor saw it. `is_seen`: by a sensor, not typed by the person."""

    app: str | None = None
    title: str | None = None
    program: str | None = None
    inside: str | None = None
    package: str | None = None
    is_seen: bool = False

    @classmethod
    def of(cls, toplevel: Toplevel) -> AppQuery:
        return cls(
            app=toplevel.app_id, title=toplevel.title, program=toplevel.program, inside=toplevel.inside, is_seen=True
        )

    @property
    def is_on_desktop(self) -> bool:
        return any(word is not None for word in (self.app, self.title, self.program, self.inside))

    def classify(self, classifier: Classifier) -> Classification:
        if self.package is not None:
            return classifier.classify_phone(self.package)
        return classifier.classify(self.app or "", self.title or "", self.program, self.inside)

    def words(self) -> dict[str, str | None]:
        if self.package is not None:
            return {"package": self.package}
        words = {"app": self.app or "", "title": self.title, "program": self.program, "inside": self.inside}
        # A title may hold a name or the subject of a letter, so only what the person typed is written out.
        if self.is_seen:
            del words["title"]
        return words


def write_classification(
    query: AppQuery, classification: Classification, *, as_json: bool, at: datetime | None = None, names: bool = True
) -> None:
    """Write how the app is classified and why; `at`: when it came to the front; without `names` the category alone."""
    if at is not None and classification.category in UNNAMED:
        # Only a live look: what somebody asks about by its name is answered.
        classification, names = replace(classification, category=shown_category(classification.category)), False
    if as_json:
        line: dict[str, Any] = {} if at is None else {"at": at.isoformat()}
        line |= {key: word for key, word in query.words().items() if word is not None and names}
        line |= {"category": classification.category}
        line |= {"name": classification.name, "why": classification.why, "entry": classification.entry} if names else {}
        line |= {"domains": classification.domains} if classification.domains and names else {}
        click.echo(json.dumps(line, ensure_ascii=False))
        return
    category = (
        classification.category
        if classification.name is None or not names
        else f"{classification.category}: {classification.name}"
    )
    click.echo(category if at is None else f"{format_time(at)}  {category}")
    if not names:
        return
    for key, word in query.words().items():
        if word:
            write_row("app id" if key == "app" else key, terminal_safe(word))
    write_row("why", classification.why)
    if classification.domains and not query.is_seen:
        write_row("domains", ", ".join(classification.domains))


def write_row(key: str, text: str) -> None:
    lead = f"  {key:<9}"
    click.echo("\n".join(wrap(text, lead, " " * len(lead), width=columns(), break_words=True)))


def terminal_safe(word: str) -> str:
    # Any program may call itself whatever it likes, escape sequences included.
    plain = printable(word[: MAX_WORD + 1], " ")
    return plain if len(plain) <= MAX_WORD else plain[:MAX_WORD] + "…"


def format_time(at: datetime) -> str:
    return format_clock(at.astimezone(), seconds=True)
