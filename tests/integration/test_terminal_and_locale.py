"""What is written suits the person's locale, and a command that is elsewhere is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel import Locale
from babel.localedata import locale_identifiers

from detector.i18n import _FIRST_WEEKDAYS
from tests.rig.command import run_command

NO_LOCALEDEF = "localedef, which makes the locales, is not installed here"
NO_SOURCES = "the sources of locales, /usr/share/i18n, are not installed here"


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("localedef") is None:
        pytest.skip(NO_LOCALEDEF)
    if not Path("/usr/share/i18n/locales/en_US").exists():
        pytest.skip(NO_SOURCES)
    folder = tmp_path_factory.mktemp("locales")
    for name in ("en_US", "de_DE"):
        subprocess.run(["localedef", "-i", name, "-f", "UTF-8", folder / f"{name}.UTF-8"], check=True)
    return folder


def said(home: Path, *arguments: str, locale: str, locales: Path | str) -> str:
    env = os.environ | {"HOME": str(home), "TZ": "Europe/Berlin", "LOCPATH": str(locales), "LC_ALL": locale}
    done = subprocess.run(
        [sys.executable, "-m", "detector.cli", *arguments], env=env, capture_output=True, text=True, check=True
    )
    return done.stdout


FRIDAY = ("add", "Dinner", "--on", "2027-12-24", "--from", "18:30", "--to", "1:00", "--yes")


def test_a_locale_of_12_hours_writes_am_and_pm_the_month_first_and_sunday_as_the_first_day(
    home: Path, locales: Path
) -> None:
    answer = said(home, *FRIDAY, locale="en_US.UTF-8", locales=locales)
    assert answer.splitlines()[0] == "Dinner: Friday, December 24, 2027 6:30 pm–1:00 am the next day."
    week = said(home, "list", "--week", "2027-12-24", locale="en_US.UTF-8", locales=locales)
    assert week.startswith("Sunday, December 19, 2027 to Saturday, December 25, 2027")
    assert "6:30 pm–1:00 am the next day" in week


def test_a_german_locale_writes_24_hours_the_day_first_and_monday_as_the_first_day(home: Path, locales: Path) -> None:
    answer = said(home, *FRIDAY, locale="de_DE.UTF-8", locales=locales)
    assert answer.splitlines()[0] == "Dinner: Friday 24 December 2027 18:30–01:00 the next day."
    week = said(home, "list", "--week", "2027-12-24", locale="de_DE.UTF-8", locales=locales)
    assert week.startswith("Monday 20 December 2027 to Sunday 26 December 2027")


@pytest.mark.parametrize("locale", ["C", "xx_YY.UTF-8"])
def test_the_locale_c_and_an_unknown_one_have_24_hours_and_the_day_first(home: Path, locale: str) -> None:
    answer = said(home, *FRIDAY, locale=locale, locales="/nonexistent")
    assert answer.splitlines()[0] == "Dinner: Friday 24 December 2027 18:30–01:00 the next day."


def test_what_is_written_in_a_locale_of_12_hours_can_be_typed_again(home: Path, locales: Path) -> None:
    answer = said(
        home,
        *("add", "Tea", "--on", "Friday, December 24, 2027", "--from", "6:30 pm", "--to", "midnight", "--yes"),
        locale="en_US.UTF-8",
        locales=locales,
    )
    assert answer.splitlines()[0] == "Tea: Friday, December 24, 2027 6:30 pm–midnight."


def test_the_first_days_of_the_week_are_those_of_cldr() -> None:
    expected: dict[int, set[str]] = {}
    for name in locale_identifiers():
        known = Locale.parse(name)
        if known.territory and len(known.territory) == 2 and known.first_week_day:
            expected.setdefault(known.first_week_day, set()).add(known.territory)
    assert {day: set(names.split()) for day, names in _FIRST_WEEKDAYS.items()} == expected


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["proposals"], "Write `turntoward calendar proposals`."),
        (["accept", "3"], "Write `turntoward calendar accept` or `turntoward quiet-week accept`."),
        (["pair"], "Write `turntoward phone pair`."),
        (["start"], "Write `turntoward now`."),
        (["undo"], "Write `turntoward skip --undo`."),
        (["config", "set", "x"], "`turntoward config sample --write` makes it"),
        (["calendar", "acept"], "Did you mean 'accept'?"),
        (["phone", "frob"], "There are `turntoward phone pair`, `turntoward phone list`"),
    ],
)
def test_a_command_that_is_elsewhere_is_refused_with_what_does_it(words: list[str], hint: str) -> None:
    done = run_command(*words)
    assert done.returncode == 2
    assert "There is no command '" in done.stderr
    assert hint in done.stderr
