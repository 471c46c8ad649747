"""Small JSON values under names of their own. The caller holds the transaction."""

from __future__ import annotations

import json
import sqlite3


def remember(connection: sqlite3.Connection, key: str, value: object) -> None:
    """Keep the value; None takes it away."""
    if value is None:
        connection.execute("DELETE FROM state WHERE key = ?", (key,))
    else:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        connection.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (key, text))


def recall(connection: sqlite3.Connection, key: str) -> object:
    """Return the value, or None."""
    row = connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
    value: object = None if row is None else json.loads(row[0])
    return value


def next_number(connection: sqlite3.Connection, key: str) -> int:
    """Return a number that was never given under this key before."""
    last = recall(connection, key)
    number = (last if isinstance(last, int) else 0) + 1
    remember(connection, key, number)
    return number
