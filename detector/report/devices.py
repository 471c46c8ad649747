"""How each device took part: how much of it is known, how often it was looked at, how often it was picked up.

Invariant 1: a phone that sent nothing is unknown, not put away: it gets no number.
Invariant 2: a use whose end is unknown counts as a look, and adds to no length.
Invariant 3: all partner times count, also those of which too little is known for the rest of the report.
"""

from collections.abc import Iterable, Sequence

from detector.core.attention.time_split import TimeTotals, split_time
from detector.core.observations import LAPTOP, PickedUp, PutAway
from detector.devices import Phone
from detector.report.rows import OccurrenceRows
from detector.report.summary import WELL_STARTED, Device
from rules.features import DISTRACTING


def summarise_devices(all_rows: Sequence[OccurrenceRows], phones: Iterable[Phone]) -> tuple[Device, ...]:
    """Return each device: the laptop, the phones that are paired, and those that sent something and are unpaired now."""
    paired = [phone.name for phone in phones if phone.is_paired]
    active: set[str] = set()
    for rows in all_rows:
        for column in (rows.uses, rows.coverage, rows.moments, rows.phone_events):
            active |= {row.device for row in column}
    # A phone that was unpaired still has a past; the order is laptop, paired, others.
    names = dict.fromkeys((LAPTOP, *paired, *sorted(active)))
    return tuple(
        _device(name, all_rows, paired=name in paired or name == LAPTOP, spoke=name in active) for name in names
    )


def put_away_first(rows: OccurrenceRows, device: str) -> bool:
    """Return whether the phone was put away at the beginning, before anything distracting was in front on it."""
    latest = rows.occurrence.began + WELL_STARTED
    put_away = [
        event.at
        for event in rows.phone_events
        if isinstance(event, PutAway) and event.device == device and event.at <= latest
    ]
    if not put_away:
        return False
    # A phone that distracted before it was put away was not put away at the beginning.
    looks = (use.began for use in rows.uses if use.device == device and use.activity.category in DISTRACTING)
    return not any(began < min(put_away) for began in looks)


def _device(name: str, all_rows: Sequence[OccurrenceRows], *, paired: bool, spoke: bool) -> Device:
    totals, looks, of_unknown_length, pick_ups, well = TimeTotals(), 0, 0, 0, 0
    for rows in all_rows:
        uses = [use for use in rows.uses if use.device == name]
        covered = [stretch for stretch in rows.coverage if stretch.device == name]
        totals += split_time(uses, covered, rows.occurrence.began, rows.ends).totals
        distracting = [use for use in uses if use.activity.category in DISTRACTING]
        looks += len(distracting)
        # The store gives a use whose end is unknown the end that it is sure of: its beginning.
        of_unknown_length += sum(1 for use in distracting if not use.trusted and use.ended == use.began)
        pick_ups += sum(1 for event in rows.phone_events if isinstance(event, PickedUp) and event.device == name)
        well += put_away_first(rows, name)
    # Every other device is a phone or a tablet.
    is_phone = name != LAPTOP
    return Device(
        name=name,
        kind="phone" if is_phone else "laptop",
        paired=paired,
        spoke=spoke,
        lived=totals.lasted,
        known=totals.known,
        used=totals.distraction if spoke else None,
        looks=looks if spoke else None,
        of_unknown_length=of_unknown_length if spoke else None,
        pick_ups=pick_ups if is_phone and spoke else None,
        put_away_first=well if is_phone and spoke else None,
    )
