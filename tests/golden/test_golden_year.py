"""A year of a couple's calendar, simulated day by day through the real commands, as a person would expect it.

`the_couple.txt` is what they declare and what happens; `a_year.txt` is the year. Where it is to become another, on
purpose: `.venv/bin/python -m tests.golden` writes it again; read what changed, day by day, before you commit it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.golden.simulation import HERE, simulate_year

pytestmark = pytest.mark.timeout(200)

KEPT = (HERE / "a_year.txt").read_text(encoding="utf-8")
HOLIDAYS = re.findall(r"(?m)^(\d{4}-\d\d-\d\d) to (\S+)  ", (HERE / "the_couple.txt").read_text(encoding="utf-8"))


def test_the_year_of_a_couple_equals_the_golden_file(tmp_path: Path) -> None:
    simulated = simulate_year(tmp_path)
    changed = "\n".join(
        unified_diff(KEPT.splitlines(), simulated.splitlines(), "a_year.txt", "as it is computed now", "", "", 0, "")
    )
    assert not changed, f"{changed}\n`.venv/bin/python -m tests.golden` writes the year again, if that is meant."


def days() -> Iterator[tuple[str, date, str]]:
    """Yield every line of the year with its place and its day."""
    place = ""
    for line in KEPT.splitlines()[2:]:
        place = line.removeprefix("-- ") if line.startswith("-- ") else place
        if re.match(r"[A-Z][a-z]{2} \d\d [A-Z]", line):
            day = datetime.strptime(f"{line[4:10]} 2027", "%d %b %Y").date()
            assert f"{day:%a}" == line[:3], line
            yield place, day, line[10:]


def test_the_year_holds_every_day_once_but_for_those_of_the_journey() -> None:
    """Read without the program: counted by days, weeks of three, and the holidays as they are listed."""
    at_home = [day for place, day, _ in days() if place == "Europe/Berlin"]
    away = {date(2027, 7, 10) + step * timedelta(days=1) for step in range(17)}
    assert len(at_home) == len(set(at_home)) == 365 - len(away)
    assert set(at_home).isdisjoint(away)
    assert sum(day == date(2027, 7, 23) for _, day, _ in days()) == 2


def test_shifts_come_every_third_week_and_coffee_never_in_the_holidays() -> None:
    supper = ("Early supper", "Dinner", "Late supper")
    given_up = {date(2027, 1, 13), date(2027, 2, 4), date(2027, 12, 31)}
    free = [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in HOLIDAYS]
    for place, day, line in days():
        if place == "Europe/Berlin":
            assert ("Coffee 09:30" in line) == (day.weekday() == 1 and not any(a <= day <= b for a, b in free)), day
        weeks = (day - date(2027, 1, 4)).days // 7
        if day.weekday() < 5 and weeks >= 0 and place in ("Europe/Berlin", "Pacific/Auckland") and day not in given_up:
            assert [name for name in supper if name in line] == [supper[weeks % 3]], day
        elif day != date(2027, 2, 7) and day.weekday() >= 5:
            assert not any(name in line for name in supper), day
