"""Find what Tab may write: titles of partner time, names of calendars and of phones, as they are kept on this device.

Invariant 1: it only reads; where nothing can be read, nothing is completed and no error is printed.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from click.shell_completion import CompletionItem

from detector.cli.plan.context import CLOCK
from detector.cli.stored import open_stored
from detector.errors import TurntowardError
from detector.partner_time.describe import format_schedule
from detector.store.store import Store
from detector.zone import local_zone


def titles(incomplete: str) -> list[CompletionItem]:
    # Where several have the same title, their numbers are offered instead.
    return _read(_titles, incomplete)


def calendars(incomplete: str) -> list[CompletionItem]:
    return _read(lambda store: ((calendar.name, None) for calendar in store.calendars.all()), incomplete)


def phones(incomplete: str) -> list[CompletionItem]:
    return _read(lambda store: ((phone.name, None) for phone in store.phones.all()), incomplete)


def files(incomplete: str) -> list[CompletionItem]:
    # The shell completes names of files itself.
    return [CompletionItem(incomplete, type="file")]


def _titles(store: Store) -> Iterable[tuple[str, str | None]]:
    partner_times = store.plans.partner_times()
    counts = Counter(partner_time.title.casefold() for partner_time in partner_times)
    now, zone = CLOCK.now(), local_zone()
    for partner_time in partner_times:
        when = format_schedule(partner_time, now, zone)
        if counts[partner_time.title.casefold()] == 1:
            yield partner_time.title, when
        else:
            yield str(partner_time.number), f"{partner_time.title}: {when}"


def _read(find: Callable[[Store], Iterable[tuple[str, str | None]]], incomplete: str) -> list[CompletionItem]:
    try:
        with open_stored() as store:
            candidates = list(find(store))
    except TurntowardError:
        return []
    folded = incomplete.casefold()
    return [CompletionItem(word, help=words) for word, words in candidates if word.casefold().startswith(folded)]
