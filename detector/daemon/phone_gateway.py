"""Find the phones, pass on their events, and run the requests of their page; the phone API calls this.

Invariant 1: outside partner time, and during a pause, events are dropped. One fact is remembered, for half an hour and never on
disk: that a phone was put away and sent nothing since. So a phone put away shortly before the start counts as put away.
Invariant 2: the page can do what anybody at this device could do; no confirmation is asked for.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from detector.clock import Clock
from detector.control import requests
from detector.daemon.phone_tracker import PhoneTracker
from detector.devices import Phone
from detector.i18n import _
from detector.phone_api.model import PartnerTimeAction, PhoneEvent, PhoneOverview
from detector.store.schedule import read_schedule
from detector.store.store import Store
from detector.zone import local_zone

# How early a phone may be put away to count as put away for partner time.
MAX_EARLY: Final = timedelta(minutes=30)
MAX_LATE: Final = timedelta(minutes=1)
# The title of partner time that is started on a phone's page.
TITLE: Final = _("Together")
# How far ahead a phone's page shows partner time, and the maximum of occurrences on it.
OVERVIEW_SPAN: Final = timedelta(days=7)
MAX_HOURS: Final = 30


class DaemonPhoneGateway:
    """Implements `detector.phone_api.model.PhoneGateway`. `tested_at`: when each phone's page last tested the connection.

    `tracker` returns the running session's phone tracker, None outside partner time and in a pause. `changed` is called when
    something was stored that the daemon has to act on.
    """

    def __init__(
        self, *, store: Store, clock: Clock, tracker: Callable[[], PhoneTracker | None], changed: Callable[[], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._tracker = tracker
        self._changed = changed
        self._phones: tuple[Phone, ...] = ()
        self._put_away_at: dict[str, datetime] = {}
        self.tested_at: dict[str, datetime] = {}

    def reload_phones(self) -> tuple[Phone, ...]:
        """Read the phones from the store, and return them."""
        self._phones = tuple(self._store.phones.all())
        return self._phones

    def phones(self) -> Sequence[Phone]:
        """Return the phones as they were last read. Requests come often, and each has to find its phone."""
        return self._phones

    def use_pairing_code(self, code: str, token: str) -> Phone | None:
        """Store the token of the phone with this pairing code; None if there is no such phone, or the code is too old."""
        claimed = self._store.phones.claim_code(code, token, self._clock.now())
        if claimed is not None:
            self.reload_phones()
            self._changed()
        return claimed

    async def receive(self, phone: Phone, event: PhoneEvent) -> str | None:
        """Pass the event on to the session; return the nudge that follows at once, if the phone shows its own."""
        tracker = self._tracker()
        if tracker is None:
            # A notification arrives by itself, so it does not show that somebody took the phone.
            if event.event != "notified":
                self._put_away_at.pop(phone.name, None)
            if event.event == "put_away":
                self._put_away_at[phone.name] = self._clock.now()
            return None
        # `status` reports of each phone whether it sent anything; that changes with its first event.
        if phone.name not in tracker.heard_from:
            self._changed()
        if phone.shows_nudges:
            return await tracker.receive_and_wait(phone, event)
        tracker.receive(phone.name, event)
        return None

    def pop_early_put_aways(self, begins: datetime) -> tuple[str, ...]:
        """Return the phones that were put away for partner time that begins then, and forget all of them."""
        put_away, self._put_away_at = self._put_away_at, {}
        return tuple(name for name, at in put_away.items() if begins - MAX_EARLY <= at <= begins + MAX_LATE)

    def change_partner_time(self, phone: Phone, action: PartnerTimeAction, length: timedelta) -> None:
        del phone
        now = self._clock.now()
        if action == "start":
            requests.start(self._store, now, length, TITLE)
        elif action == "extend":
            requests.extend(self._store, now, length)
        else:
            requests.stop(self._store, now)
        self._changed()

    def overview(self, phone: Phone) -> PhoneOverview:
        now = self._clock.now()
        midnight = now.astimezone(local_zone()).replace(hour=0, minute=0, second=0, microsecond=0)
        schedule = read_schedule(self._store, now)
        hours = {
            (occurrence.begins, occurrence.ends)
            for partner_time in schedule.partner_times
            for occurrence in schedule.upcoming_of(partner_time, now, within=OVERVIEW_SPAN)
        } | {(occurrence.begins, occurrence.ends) for occurrence in schedule.under_way(now)}
        return PhoneOverview(
            heard_today=self._store.history.count_observations(phone.name, midnight),
            hours=tuple(sorted(hours)[:MAX_HOURS]),
        )

    def note_test(self, phone: Phone) -> None:
        self.tested_at[phone.name] = self._clock.now()
        self._changed()

    def remove(self, phone: Phone) -> None:
        if phone.number is not None:
            self._store.phones.remove(phone.number)
        self.forget(phone.name)
        self.reload_phones()
        self._changed()

    def forget(self, *names: str) -> None:
        for name in names:
            self._put_away_at.pop(name, None)
            self.tested_at.pop(name, None)
            if (tracker := self._tracker()) is not None:
                tracker.forget(name)
