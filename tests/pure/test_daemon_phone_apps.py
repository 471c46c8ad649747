"""Apps on phones are classified, and unknown ones counted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from detector.activities.model import Classification
from detector.core.effects import Record
from detector.core.observations import Activity, PartnerTimeBegan
from detector.daemon.phone_apps import PhoneApps
from detector.sensors.model import AppFocused
from detector.store.store import Store

AT = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
KNOWN = Classification(category="social", name="Instagram", why="", entry="Instagram in social.toml")
UNKNOWN = Classification(category="other", name=None, why="", entry=None)


def classify(app: str) -> Classification:
    return KNOWN if app == "com.instagram.android" else UNKNOWN


@pytest.fixture
def store() -> Store:
    kept = Store.in_memory()
    kept.history.save([Record(occurrence="1@x", what=PartnerTimeBegan(at=AT, occurrence="1@x", title="x", ends=AT))])
    return kept


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
def test_a_category_sent_by_the_phone_wins_over_the_catalogue(
    store: Store, app: AppFocused, activity: Activity
) -> None:
    apps = PhoneApps(classify, store=store, occurrence="1@x", keep_names=False)
    assert apps.activity(app) == activity
    assert apps.opened(app) == activity


@pytest.mark.parametrize("keep_names", [False, True])
def test_only_unknown_apps_without_a_category_are_counted(store: Store, *, keep_names: bool) -> None:
    apps = PhoneApps(classify, store=store, occurrence="1@x", keep_names=keep_names)
    for app in (
        seen("com.instagram.android"),
        seen(category="mail"),
        seen("org.nobody.knows", "games"),
        seen("org.nobody.knows"),
        seen("org.nobody.knows"),
        seen("org.other"),
    ):
        apps.opened(app)
    counted = store.history.unknown_apps()["my phone"]
    assert (counted.opens, counted.apps) == (3, 2)
    assert dict(counted.named) == ({"org.nobody.knows": 2, "org.other": 1} if keep_names else {})


def test_classifying_an_app_counts_nothing(store: Store) -> None:
    PhoneApps(classify, store=store, occurrence="1@x", keep_names=True).activity(seen("org.nobody.knows"))
    assert store.history.unknown_apps() == {}
