"""Apps on phones are classified, and unknown ones counted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from detector.activities.model import Classification
from detector.core.observations import Activity
from detector.daemon.phone_apps import PhoneApps
from detector.sensors.model import AppFocused

AT = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
KNOWN = Classification(category="social", name="Instagram", why="", entry="Instagram in social.toml")
UNKNOWN = Classification(category="other", name=None, why="", entry=None)


def classify(app: str) -> Classification:
    return KNOWN if app == "com.instagram.android" else UNKNOWN


def seen(app: str = "", category: str | None = None) -> AppFocused:
    return AppFocused(at=AT, device="my phone", app=app, category=category, opened=True)


@pytest.mark.parametrize(
    ("app", "activity"),
    [
        (seen("com.instagram.android"), Activity(category="social", name="Instagram")),
        (seen("com.instagram.android", "work"), Activity(category="work", name="Instagram")),
        (seen(category="mail"), Activity(category="mail")),
        (seen("org.nobody.knows"), Activity(category="other")),
        (seen("org.nobody.knows", "games"), Activity(category="games")),
        (seen(), Activity(category="other")),
    ],
)
def test_a_category_sent_by_the_phone_wins_over_the_catalogue(app: AppFocused, activity: Activity) -> None:
    apps = PhoneApps(classify)
    assert apps.activity(app) == activity
    assert apps.opened(app) == activity


def test_only_unknown_apps_without_a_category_are_counted_and_never_by_name() -> None:
    apps = PhoneApps(classify)
    for app in (
        seen("com.instagram.android"),
        seen(category="mail"),
        seen("org.nobody.knows", "games"),
        seen("org.nobody.knows"),
        seen("org.nobody.knows"),
        seen("org.other"),
    ):
        apps.opened(app)
    assert apps.pop_unknown() == [("my phone", True), ("my phone", False), ("my phone", True)]
    assert apps.pop_unknown() == []


def test_classifying_an_app_counts_nothing() -> None:
    apps = PhoneApps(classify)
    apps.activity(seen("org.nobody.knows"))
    assert apps.pop_unknown() == []
