"""The part of `turntoward status` about calendars and offers, imported only where there are any."""

from collections.abc import Sequence
from typing import Any

from detector.cli.calendar.age import age_as_json, format_age_from_json, format_problems
from detector.cli.plan.shared_category_offers import offered_categories
from detector.clock import SystemClock
from detector.config.read import read_settings
from detector.errors import StoreError, UserError
from detector.paths import config_path, store_path
from detector.store.store import Store
from detector.zone import local_zone
from rules.explain import format_offer


def calendars() -> list[dict[str, Any]]:
    # Where it cannot be read, `status` still reports the rest, and `doctor` says why.
    try:
        with Store.open(store_path(), read_only=True) as store:
            stored, now = store.calendars.all(), SystemClock().now()
    except StoreError:
        return []
    return [age_as_json(calendar, now) for calendar in stored if calendar.subscribed or calendar.current_problems(now)]


def offers() -> list[dict[str, Any]]:
    try:
        categories = offered_categories(read_settings(config_path()).policy.for_both)
    except (UserError, StoreError):
        # `config` and `doctor` report what is wrong there.
        return []
    return [{"category": category, "times": times} for category, times in categories]


def calendar_lines(calendars: Sequence[dict[str, Any]]) -> list[str]:
    now, zone = SystemClock().now(), local_zone()
    lines = []
    for calendar in calendars:
        sentences = [f"{calendar['name']}: {format_age_from_json(calendar, now, zone)}."]
        lines.append(" ".join([*sentences, *format_problems(calendar["not_understood"])]))
    return lines


def offer_lines(offers: Sequence[dict[str, Any]]) -> list[str]:
    return [format_offer(offer["category"], offer["times"]) for offer in offers]
