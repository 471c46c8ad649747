"""Cut the stream of observations of one device into uses: one activity, from taken up to left.

Rule 1: a gap closes the open use without a trusted end; such a use is never evidence.
Rule 2: idleness ends a use at the last input, not at the instant at which idleness was noticed.
Rule 3: what a phone tells as an opening begins a use, however short it is; where no end was told before the next
opening, or before the screen went on, the use before is kept as begun, and its length as not known.
Rule 4: media that plays over the whole screen without input is a film for two: nobody is away, and a touch shorter than
a look is part of it.
Rule 5: `put_away` is not known (None) while the device may have been left alone without anybody telling.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from detector.core.attention.film import FOR_BOTH, Film
from detector.core.attention.settings import AttentionSettings
from detector.core.attention.use_history import Taken
from detector.core.attention.uses import PHONE_IN_HAND, CoveredStretch, Person, TimedEvent
from detector.core.observations import (
    Activity,
    CallEnded,
    CallStarted,
    CameBack,
    Focused,
    Gap,
    InputCounted,
    LaidDown,
    LitUp,
    Locked,
    MediaEnded,
    MediaStarted,
    Notified,
    Observation,
    Paused,
    PickedUp,
    PutAway,
    SensorStarted,
    Suspended,
    Unlocked,
    WentIdle,
)

PUT_AWAY_AFTER: Final = timedelta(seconds=60)
"""How long a device is left alone before it counts as put away; see the feature `put_away`."""
LED_WITHIN: Final = timedelta(seconds=30)
"""A pick-up so soon after a notification was led by it; later, the hand went by itself. As long as a look."""
SAME_PICK_UP: Final = timedelta(seconds=3)
"""Two sources of one phone may both tell of one unlocking; nobody unlocks a phone twice within this."""


class DeviceState(Taken):
    """What is known of one device; `covered` waits to be taken, as `closed` does."""

    def __init__(
        self,
        name: str,
        began: datetime,
        settings: AttentionSettings,
        number: Callable[[], int],
        person: Person | None = None,
    ) -> None:
        super().__init__(settings, number, person or Person())
        self.name = name
        self.covered: list[CoveredStretch] = []
        self.put_away: bool | None = None
        self.full_screen = False
        self.in_call: bool | None = None
        self._film = Film()
        self.input_since: datetime | None = None
        self.last_input: datetime | None = None
        self.opens: deque[TimedEvent] = deque()
        self.pick_ups: deque[TimedEvent] = deque()
        self.led_pick_ups: deque[TimedEvent] = deque()
        self.own_pick_ups: deque[TimedEvent] = deque()
        self.notified: datetime | None = None
        self._began = began
        self._activity: Activity | None = None
        self._heard = False
        self._spoken = False
        self._lost: set[str] = set()
        self._idle = False
        self._locked = False
        self._away_since: datetime | None = None
        self._covered_since: datetime | None = None
        self._laid_down = self._in_hand = False

    @property
    def is_known(self) -> bool:
        """Whether silence means that nothing happened."""
        return self._covered_since is not None

    @property
    def film(self) -> bool:
        """Whether a film for two is on."""
        return self._film.is_on

    @property
    def playing(self) -> bool | None:
        """Whether media plays; None where nobody can tell."""
        return self._film.playing

    def observe(self, seen: Observation) -> None:
        """Take in one observation of this device; instants never decrease."""
        at = seen.at
        if not self._heard:
            self._heard, self.put_away = True, None if at - self._began >= PUT_AWAY_AFTER else False
        if self._away_since is not None and at - self._away_since >= PUT_AWAY_AFTER:
            self.put_away = True
        match seen:
            case InputCounted():
                self.last_input = at
            case Focused():
                self._focused(seen)
            case Notified():
                self.notified = at
            case LitUp():
                self._was_off(at)
                self._speaks(at)
            case PickedUp():
                self._picked_up(seen)
            case LaidDown() | PutAway():
                self._put_down(at, put_away=isinstance(seen, PutAway))
            case WentIdle():
                self._went_idle(seen)
            case MediaStarted() | MediaEnded():
                self._film.playing = isinstance(seen, MediaStarted)
                self._see_film()
            case CallStarted() | CallEnded():
                self.in_call = isinstance(seen, CallStarted)
            case CameBack():
                self._idle = False
                self._returned(at)
            case Locked():
                self._locked = True
                self._no_film(at)
                self._away_since = self._away_since or at
                self._settle(at)
            case Unlocked():
                self._locked = False
                self._returned(at)
            case SensorStarted():
                self._sensed(seen)
            case Suspended():
                self._away_since = self._away_since or at
                self._know_nothing(at, trusted=True)
            case Paused():
                # What begins or ends in a pause nobody hears; the sensors begin anew after it.
                self._film.lose()
                self.in_call = None
                self._know_nothing(at, trusted=True)
            case Gap():
                self._gap(seen)

    def end(self, at: datetime) -> None:
        """Partner time is over: close what is open."""
        self._know_nothing(at, trusted=True)

    def _sensed(self, seen: SensorStarted) -> None:
        self._lost.discard(seen.sense)
        if seen.sense == "input":
            self.input_since = seen.at
        elif seen.sense == "session":
            # A session sensor that starts says `Locked` next if that is so.
            self._locked = False
        elif seen.sense == "media":
            self._film.playing = False
        elif seen.sense == "call":
            self.in_call = False
        self._settle(seen.at)

    def _speaks(self, at: datetime, *, opened: bool = False) -> None:
        self._spoken = True
        self._lost.discard("focus")
        self._settle(at, opened=opened)

    def _focused(self, seen: Focused) -> None:
        if seen.activity != self._activity or not seen.full_screen:
            self._no_film(seen.at)
        self._activity, self.full_screen = seen.activity, seen.full_screen
        self._see_film()
        if seen.activity is not None and self._laid_down:
            self._laid_down, self._away_since = False, None
        if not seen.opened or seen.activity is None:
            self._speaks(seen.at)
            return
        self._person.remember(self.opens, seen.at, seen.activity.category)
        if self.open is not None and self.open.activity == seen.activity:
            self._lose_the_end(self.open, seen.at)
        self._speaks(seen.at, opened=True)

    def _picked_up(self, seen: PickedUp) -> None:
        if not self.pick_ups or seen.at - self.pick_ups[-1].at >= SAME_PICK_UP:
            self._person.remember(self.pick_ups, seen.at, PHONE_IN_HAND.category)
            is_led = self.notified is not None and seen.at - self.notified <= LED_WITHIN
            self._person.remember(self.led_pick_ups if is_led else self.own_pick_ups, seen.at, PHONE_IN_HAND.category)
            self._was_off(seen.at)
        self._laid_down, self._away_since, self._in_hand = False, None, seen.blind
        self._speaks(seen.at)

    def _put_down(self, at: datetime, *, put_away: bool) -> None:
        self._activity, self._in_hand, self._laid_down = None, False, True
        self._away_since = self._away_since or at
        self.put_away = put_away or self.put_away
        self._speaks(at)

    def _settle(self, at: datetime, *, opened: bool = False) -> None:
        known = self._spoken and not self._lost & {"focus", "idle"}
        if known and self._covered_since is None:
            self._covered_since = at
        in_front = self._activity or (PHONE_IN_HAND if self._in_hand else None)
        wanted = in_front if known and not self._idle and not self._locked else None
        if self.open is not None and self.open.activity != wanted:
            self._close(at)
        if wanted is not None and self.open is None:
            self._take_up(wanted, at, opened=opened)

    def _was_off(self, at: datetime) -> None:
        # What is open was left when the screen went off in between, and nobody told when.
        if self.open is not None and at - self.open.began >= SAME_PICK_UP:
            self._lose_the_end(self.open, at)
            self._activity, self._in_hand = None, False

    def _see_film(self) -> None:
        untouched = self._idle and not self._locked
        if self._film.look(self._activity, full_screen=self.full_screen, untouched=untouched) and untouched:
            self._away_since = None

    def _no_film(self, at: datetime) -> None:
        if self._film.end() and self._idle:
            # Whether somebody still sits there, nobody can tell from here on.
            self._away_since = self._away_since or at

    def _went_idle(self, seen: WentIdle) -> None:
        if self._idle:
            return
        self._idle = True
        since = max(seen.since, self._began)
        if self.film and self.open is not None and since - self.open.began < self._settings.glance:
            self.open.activity = FOR_BOTH
        self._see_film()
        if not self.film:
            self._away_since = self._away_since or since
            if seen.at - self._away_since >= PUT_AWAY_AFTER:
                self.put_away = True
        self._close(since)
        self._cut_back(since)

    def _returned(self, at: datetime) -> None:
        if not self._idle and not self._locked:
            self._away_since = None
        self._settle(at)

    def _gap(self, seen: Gap) -> None:
        since = max(seen.since, self._began)
        if seen.at - since >= PUT_AWAY_AFTER and not self.put_away:
            self.put_away = None
        if seen.sense in {None, "input"}:
            self.input_since = self.last_input = None
        if seen.sense in {None, "focus", "idle"}:
            self._know_nothing(since, trusted=False)
        if seen.sense in {None, "media"}:
            self._film.lose()
        if seen.sense in {None, "call"}:
            self.in_call = None
        if seen.sense is None:
            self._lost.clear()
            self._idle = self._locked = False
            self._away_since = None
        elif seen.sense in {"focus", "idle"}:
            self._lost.add(seen.sense)
            if seen.sense == "idle":
                self._idle = False
            if seen.sense == "idle" or self._laid_down:
                self._away_since = None
        elif seen.sense == "session":
            # Whether it is still locked nobody says any more; the next touch says that it is not.
            self._locked = False

    def _know_nothing(self, at: datetime, *, trusted: bool) -> None:
        self._close(at, trusted=trusted)
        if self._covered_since is not None:
            self.covered.append(CoveredStretch(self._number(), self._covered_since, max(at, self._covered_since)))
        self._covered_since = None
        self._forget()
        self._spoken = self._in_hand = self.full_screen = False
        self._film.end()
        self._activity = None
