"""Find what Tab may write: titles of partner time, names of calendars and of phones, as they are kept on this device.

Invariant 1: it only reads; where nothing can be read there is nothing to complete, and nothing is said.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from click.shell_completion import CompletionItem

from detector.cli.plan.context import CLOCK, open_store
from detector.errors import TurntowardError
from detector.partner_time.describe import format_schedule
from detector.store.store import Store
from detector.zone import local_zone


def titles(incomplete: str) -> list[CompletionItem]:
    # A title that several have would name none of them, so their numbers are offered.
    return _read(_titles, incomplete)


def calendars(incomplete: str) -> list[CompletionItem]:
    return _read(lambda store: ((calendar.name, None) for calendar in store.calendars.all()), incomplete)


def phones(incomplete: str) -> list[CompletionItem]:
    return _read(lambda store: ((phone.name, None) for phone in store.phones.all()), incomplete)


def files(incomplete: str) -> list[CompletionItem]:
    # The shell completes names of files itself.
    return [CompletionItem(incomplete, type="file")]


def _titles(store: Store) -> Iterable[tuple[str, str | None]]:
    known = store.plans.partner_times()
    counts = Counter(partner_time.title.casefold() for partner_time in known)
    now, zone = CLOCK.now(), local_zone()
    for partner_time in known:
        when = format_schedule(partner_time, now, zone)
        if counts[partner_time.title.casefold()] == 1:
            yield partner_time.title, when
        else:
            yield str(partner_time.number), f"{partner_time.title}: {when}"


def _read(find: Callable[[Store], Iterable[tuple[str, str | None]]], incomplete: str) -> list[CompletionItem]:
    try:
        with open_store(read_only=True) as store:
            found = list(find(store))
    except TurntowardError:
        return []
    folded = incomplete.casefold()
    return [CompletionItem(word, help=words) for word, words in found if word.casefold().startswith(folded)]
