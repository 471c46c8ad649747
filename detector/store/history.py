"""What was observed, measured and decided: saved as the core records it, and read by occurrence.

Invariant 1: `since` and `until` choose occurrences, by `since <= began < until` (None leaves that side open), and all rows of
these occurrences. So the rows of one table fit those of another.
Invariant 2: no read stays open between two steps of an iteration: an open read keeps the write-ahead log from shrinking.
Invariant 3: the name of an unknown app is written only if the person wants names to be kept.
"""

import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

from detector.core.effects import Coverage, Moment, Record, StartResult, Use
from detector.core.observations import MICROSECOND, Observation, PartnerTimeBegan, PartnerTimeEnded, PartnerTimeExtended
from detector.partner_time.occurrences import MAX_LENGTH
from detector.store import rows
from detector.store.database import Database, StateStore
from detector.store.forget_interval import Interval, without_forgotten
from detector.store.microseconds import to_instant, to_microseconds, to_optional_microseconds
from detector.store.model import StoredCoverage, StoredOccurrence, StoredUse, UnknownApps

T = TypeVar("T")

INDEXED_KINDS: Final = ("PickedUp", "PutAway")
"""The kinds of observations in the partial index `idx_observations_signs`."""

# Observations are only ever added. Uses, coverage and moments are saved again under their number when they change.
INSERT_OBSERVATION: Final = rows.insert_statement("observations", rows.OBSERVATION)
_REPLACE_USE: Final = rows.insert_statement("uses", rows.USE, or_replace=True)
_REPLACE_COVERAGE: Final = rows.insert_statement("coverage", rows.COVERAGE, or_replace=True)
_REPLACE_MOMENT: Final = rows.insert_statement("moments", rows.MOMENTS.columns, or_replace=True)
# One that starts again under its id goes on: its first beginning counts, and it has no end any more.
_START_OCCURRENCE: Final = (
    "INSERT INTO occurrences (id, title, began, ends) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET title = excluded.title, ends = excluded.ends, ended = NULL, end_reason = NULL"
)
# SELECT ... FROM occurrences gives no row where the occurrence is not stored, and then nothing is inserted; VALUES would
# break the foreign key. Where names are kept each row is one app, so that `apps` stays 1 (?4 is 0).
_COUNT_UNKNOWN_APP: Final = (
    "INSERT INTO unknown_apps (occurrence, device, app, opens, apps) SELECT id, ?2, ?3, 1, 1 FROM occurrences "
    "WHERE id = ?1 ON CONFLICT (occurrence, device, app) DO UPDATE SET opens = opens + 1, apps = apps + ?4"
)
# Numbered parameters, because each is used twice. NULL leaves its side open.
_CHOSEN: Final = "(?1 IS NULL OR o.began >= ?1) AND (?2 IS NULL OR o.began < ?2)"
_CHUNK: Final = 1000
_FORGOTTEN_KEY: Final = "forgotten"
_UNNAMED: Final = ""


class HistoryStore:
    """Occurrences with their observations, uses, coverage and moments. Lists are in order of time; instants are UTC."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._state = StateStore(database)

    def save(self, records: Sequence[Record]) -> None:
        """Save all of the records or none, in order; a use, coverage or moment replaces the one of its number.

        What was forgotten meanwhile is left out. Raises `StoreError` if a record belongs to an occurrence that never
        began, or the database cannot be written.
        """
        if not records:
            return
        with self._database.writing() as connection:
            allowed, has_beginning = without_forgotten(
                records, forgotten_intervals(self._state), lambda id_: _is_stored(connection, id_)
            )
            # The session that begins now was built after the forgetting and holds nothing of before.
            if has_beginning:
                save_forgotten_intervals(self._state, ())
            _insert(connection, allowed)

    def observations(self, occurrence: str) -> Iterator[Observation]:
        """Yield what was observed in the occurrence, in the order of its instants; memory stays flat.

        At one instant the order is that of saving. An import may have added a device long after the others.
        """
        with self._database.reading() as connection:
            in_order = "SELECT id FROM observations WHERE occurrence = ? ORDER BY at, id"
            ids = array("q", (row[0] for row in connection.execute(in_order, (occurrence,)).fetchall()))
            # Chunk by chunk, instead of one cursor that stays open while the caller works (invariant 2).
            for first in range(0, len(ids), _CHUNK):
                chunk = ids[first : first + _CHUNK]
                for row in connection.execute(
                    f"SELECT at, device, kind, fields FROM observations WHERE id IN ({', '.join('?' * len(chunk))}) "
                    "ORDER BY at, id",
                    tuple(chunk),
                ).fetchall():
                    yield rows.read(rows.to_observation, row)

    def observations_by_kind(
        self, kinds: Sequence[type[Observation]], since: datetime | None = None, until: datetime | None = None
    ) -> list[tuple[str, Observation]]:
        """Return the observations of these kinds in these occurrences, each with the id of its occurrence."""
        names = [kind.__name__ for kind in kinds]
        # SQLite uses a partial index only where the query repeats the condition of the index word for word.
        indexed = f" AND t.kind IN ({', '.join(map(repr, INDEXED_KINDS))})" if set(names) <= set(INDEXED_KINDS) else ""
        return self._select(
            f"SELECT t.at, t.device, t.kind, t.fields, t.occurrence FROM observations t JOIN occurrences o "
            f"ON o.id = t.occurrence WHERE {_CHOSEN}{indexed} "
            f"AND t.kind IN ({', '.join(f'?{number}' for number in range(3, 3 + len(names)))}) ORDER BY t.at, t.id",
            (*_bounds(since, until), *names),
            lambda row: (row[4], rows.to_observation(row)),
        )

    def occurrences(self, since: datetime | None = None, until: datetime | None = None) -> list[StoredOccurrence]:
        return self._select(
            f"SELECT {_columns(rows.OCCURRENCES.columns, 'o')} FROM occurrences o WHERE {_CHOSEN} ORDER BY o.began, o.id",
            _bounds(since, until),
            rows.OCCURRENCES.from_row,
        )

    def unfinished(self) -> list[StoredOccurrence]:
        return self._select(
            f"SELECT {_columns(rows.OCCURRENCES.columns, 't')} FROM occurrences t WHERE ended IS NULL ORDER BY began, id",
            (),
            rows.OCCURRENCES.from_row,
        )

    def moments(self, since: datetime | None = None, until: datetime | None = None) -> list[Moment]:
        return self._of_occurrences("moments", rows.MOMENTS.columns, rows.MOMENTS.from_row, since, until)

    def moments_of(self, occurrence: StoredOccurrence) -> list[Moment]:
        # `moments` chooses by when an occurrence began, and two may have begun at the same instant.
        moments = self.moments(occurrence.began, occurrence.began + MICROSECOND)
        return [moment for moment in moments if moment.occurrence == occurrence.id]

    def last_moment(self) -> Moment | None:
        """Return the moment that was decided last, suppressed ones too, or None."""
        moments = self._select(
            f"SELECT {_columns(rows.MOMENTS.columns, 't')} FROM moments t ORDER BY decided_at DESC, number DESC LIMIT 1",
            (),
            rows.MOMENTS.from_row,
        )
        return moments[0] if moments else None

    def uses(self, since: datetime | None = None, until: datetime | None = None) -> list[StoredUse]:
        return self._of_occurrences("uses", rows.USE, rows.to_use, since, until)

    def coverage(self, since: datetime | None = None, until: datetime | None = None) -> list[StoredCoverage]:
        return self._of_occurrences("coverage", rows.COVERAGE, rows.to_coverage, since, until)

    def count_observations(self, device: str, since: datetime) -> int:
        """Return how many observations of the device there are from `since` on; those about its sensors do not count."""
        # No occurrence is longer than 24 h, so those that began earlier hold nothing from then on.
        query = (
            "SELECT count(*) FROM observations t JOIN occurrences o ON o.id = t.occurrence "
            "WHERE o.began >= ? AND t.device = ? AND t.at >= ? AND t.kind NOT IN ('Gap', 'SensorStarted')"
        )
        at = to_microseconds(since)
        return self._select(query, (at - MAX_LENGTH // MICROSECOND, device, at), lambda row: int(row[0]))[0]

    def count_unknown_app(self, occurrence: str, device: str, app: str, *, names: bool, first: bool) -> None:
        """Count that an app was opened that the catalogue does not know; its name is written with `names` alone.

        `first`: it was not opened before on this device in this occurrence, so that it counts among the different ones.
        Of an occurrence that is not stored (any more) nothing is counted.
        """
        with self._database.writing() as connection:
            app = app if names else _UNNAMED
            connection.execute(_COUNT_UNKNOWN_APP, (occurrence, device, app, int(first and not names)))

    def unknown_apps(self, since: datetime | None = None, until: datetime | None = None) -> dict[str, UnknownApps]:
        """Return how often unknown apps were opened in these occurrences, by device."""
        query = "SELECT t.device, t.app, t.opens, t.apps FROM unknown_apps t JOIN occurrences o ON o.id = t.occurrence"
        return _totals(self._select(f"{query} WHERE {_CHOSEN}", _bounds(since, until), lambda row: row))

    def _of_occurrences(
        self,
        table: str,
        columns: Sequence[str],
        to_value: Callable[[rows.Row], T],
        since: datetime | None,
        until: datetime | None,
    ) -> list[T]:
        return self._select(
            f"SELECT {_columns(columns, 't')} FROM {table} t JOIN occurrences o ON o.id = t.occurrence "
            f"WHERE {_CHOSEN} ORDER BY t.began, t.occurrence, t.number",
            _bounds(since, until),
            to_value,
        )

    def _select(self, query: str, values: Sequence[object], to_value: Callable[[rows.Row], T]) -> list[T]:
        with self._database.reading() as connection:
            return [rows.read(to_value, row) for row in connection.execute(query, values)]


def forgotten_intervals(state: StateStore) -> tuple[Interval, ...]:
    """Return the intervals that were forgotten since the last occurrence began; nothing of them may be saved later."""
    stored = state.get(_FORGOTTEN_KEY)
    pairs = stored if isinstance(stored, list) else []
    return tuple(Interval(to_instant(since), to_instant(until)) for since, until in pairs)


def save_forgotten_intervals(state: StateStore, intervals: Iterable[Interval]) -> None:
    pairs = [[to_microseconds(interval.since), to_microseconds(interval.until)] for interval in intervals]
    state.set(_FORGOTTEN_KEY, pairs or None)


def _insert(connection: sqlite3.Connection, records: Iterable[Record]) -> None:
    # Occurrences are written at once, because the other rows refer to them. Those rows are collected and written table by
    # table, since a step of the core records hundreds of observations at most and one `executemany` is much faster.
    waiting: dict[str, list[rows.Row]] = {
        INSERT_OBSERVATION: [],
        _REPLACE_USE: [],
        _REPLACE_COVERAGE: [],
        _REPLACE_MOMENT: [],
    }
    for record in records:
        occurrence, content = record.occurrence, record.item
        if isinstance(content, Observation):
            _update_occurrence(connection, occurrence, content)
            waiting[INSERT_OBSERVATION].append(rows.from_observation(occurrence, content))
        elif isinstance(content, Use):
            waiting[_REPLACE_USE].append(rows.from_use(occurrence, content))
        elif isinstance(content, Coverage):
            waiting[_REPLACE_COVERAGE].append(rows.from_coverage(occurrence, content))
        elif isinstance(content, StartResult):
            started = (
                (None, None)
                if content.started_well is None
                else (int(content.started_well), to_microseconds(content.at))
            )
            connection.execute(
                "UPDATE occurrences SET started_well = ?, started_at = ? WHERE id = ?", (*started, occurrence)
            )
        else:
            waiting[_REPLACE_MOMENT].append(rows.from_moment(occurrence, content))
    for statement, values in waiting.items():
        if values:
            connection.executemany(statement, values)


def _update_occurrence(connection: sqlite3.Connection, occurrence: str, observation: Observation) -> None:
    if isinstance(observation, PartnerTimeBegan):
        began = (occurrence, observation.title, to_microseconds(observation.at), to_microseconds(observation.ends))
        connection.execute(_START_OCCURRENCE, began)
    elif isinstance(observation, PartnerTimeEnded):
        ended = (to_microseconds(observation.at), observation.reason, occurrence)
        connection.execute("UPDATE occurrences SET ended = ?, end_reason = ? WHERE id = ?", ended)
    elif isinstance(observation, PartnerTimeExtended):
        connection.execute(
            "UPDATE occurrences SET ends = ? WHERE id = ?", (to_microseconds(observation.ends), occurrence)
        )


def _is_stored(connection: sqlite3.Connection, occurrence: str) -> bool:
    return connection.execute("SELECT 1 FROM occurrences WHERE id = ?", (occurrence,)).fetchone() is not None


def _columns(names: Sequence[str], table: str) -> str:
    return ", ".join(f'{table}."{name}"' for name in names)


def _bounds(since: datetime | None, until: datetime | None) -> tuple[int | None, int | None]:
    return to_optional_microseconds(since), to_optional_microseconds(until)


def _totals(counts: Iterable[tuple[str, str, int, int]]) -> dict[str, UnknownApps]:
    """Add up rows of device, app ('' where names are not kept), how often it was opened, how many different ones."""
    named: dict[str, dict[str, int]] = {}
    opens: dict[str, int] = {}
    unnamed: dict[str, int] = {}
    for device, app, times, apps in counts:
        of_device = named.setdefault(device, {})
        opens[device] = opens.get(device, 0) + times
        if app == _UNNAMED:
            # Two occurrences may have counted the same apps, so that only the larger number is certain.
            unnamed[device] = max(unnamed.get(device, 0), apps)
        else:
            of_device[app] = of_device.get(app, 0) + times
    return {
        device: UnknownApps(
            opens=opens[device],
            apps=max(unnamed.get(device, 0), len(of_device)),
            named=dict(sorted(of_device.items(), key=lambda count: (-count[1], count[0]))),
        )
        for device, of_device in sorted(named.items())
    }
