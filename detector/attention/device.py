"""Cut the stream of observations of one device into uses: one activity, from taken up to left.

Rule 1: a gap closes the open use without a trusted end; such a use is never evidence.
Rule 2: idleness ends a use at the last input, not at the instant at which idleness was noticed.
Rule 3: a use that is broken off for less than a fleeting moment goes on; what broke it off counts as nothing.
Rule 4: what a phone tells as an opening begins a use, however short it is; where no end was told before the next
opening, or before the screen went on, the use before is kept as begun, and its length as not known.
Rule 5: `put_away` is not known (None) while the device may have been left alone without anybody telling.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from detector.attention.settings import AttentionSettings
from detector.attention.uses import IN_THE_HAND, Covered, Person, UseState, remember
from detector.observations import (
    Activity,
    CameBack,
    Focused,
    Gap,
    InputCounted,
    LaidDown,
    LitUp,
    Locked,
    Observation,
    Paused,
    PickedUp,
    PutAway,
    SensorStarted,
    Suspended,
    Unlocked,
    WentIdle,
)
from rules.features import DISTRACTING, LONGEST_SPAN

LEFT_ALONE: Final = timedelta(seconds=60)
"""How long a device is left alone before it counts as put away; see the feature `put_away`."""
TWICE_TOLD: Final = timedelta(seconds=3)
"""Two sources of one phone may both tell of one unlocking; nobody unlocks a phone twice within this."""


class DeviceState:
    """What is known of one device. `version` grows whenever its uses change; `closed` and `covered` wait to be taken."""

    def __init__(
        self,
        name: str,
        began: datetime,
        settings: AttentionSettings,
        number: Callable[[], int],
        person: Person | None = None,
    ) -> None:
        self.name = name
        self.version = 0
        self.open: UseState | None = None
        self.uses: deque[UseState] = deque()
        self.closed: list[UseState] = []
        self.covered: list[Covered] = []
        self.put_away: bool | None = None
        self.full_screen = False
        self.long_ago = timedelta(0)
        self.input_since: datetime | None = None
        self.last_input: datetime | None = None
        self.opens: deque[datetime] = deque()
        self.pick_ups: deque[datetime] = deque()
        self._person = person or Person()
        self._person.devices.append(self)
        self._began = began
        self._settings = settings
        self._number = number
        self._activity: Activity | None = None
        self._forgotten = 0
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
    def last(self) -> UseState | None:
        """The use that was left last, its end being known; None after anything that is not known."""
        return self.uses[-1] if self.uses and self.uses[-1].number > self._forgotten else None

    @property
    def before(self) -> UseState | None:
        """The use that was left last, looking past a phone in the hand."""
        use = next((use for use in reversed(self.uses) if use.activity != IN_THE_HAND), None)
        return use if use is not None and use.number > self._forgotten else None

    def observe(self, seen: Observation) -> None:
        """Take in one observation of this device; instants never decrease."""
        at = seen.at
        if not self._heard:
            self._heard, self.put_away = True, None if at - self._began >= LEFT_ALONE else False
        if self._away_since is not None and at - self._away_since >= LEFT_ALONE:
            self.put_away = True
        match seen:
            case InputCounted():
                self.last_input = at
            case Focused():
                self._focused(seen)
            case LitUp():
                self._was_off(at)
                self._speaks(at)
            case PickedUp():
                self._picked_up(seen)
            case LaidDown() | PutAway():
                self._put_down(at, put_away=isinstance(seen, PutAway))
            case WentIdle():
                self._went_idle(seen)
            case CameBack():
                self._idle = False
                self._returned(at)
            case Locked():
                self._locked = True
                self._away_since = self._away_since or at
                self._settle(at)
            case Unlocked():
                self._locked = False
                self._returned(at)
            case SensorStarted(sense=sense):
                self._lost.discard(sense)
                if sense == "input":
                    self.input_since = at
                elif sense == "session":
                    # A session sensor that starts says `Locked` next if that is so.
                    self._locked = False
                self._settle(at)
            case Suspended():
                self._away_since = self._away_since or at
                self._know_nothing(at, trusted=True)
            case Paused():
                self._know_nothing(at, trusted=True)
            case Gap():
                self._gap(seen)

    def end(self, at: datetime) -> None:
        """Partner time is over: close what is open."""
        self._know_nothing(at, trusted=True)

    def _speaks(self, at: datetime, *, opened: bool = False) -> None:
        self._spoken = True
        self._lost.discard("focus")
        self._settle(at, opened=opened)

    def _focused(self, seen: Focused) -> None:
        self._activity, self.full_screen = seen.activity, seen.full_screen
        if seen.activity is not None and self._laid_down:
            self._laid_down, self._away_since = False, None
        if not seen.opened or seen.activity is None:
            self._speaks(seen.at)
            return
        if seen.activity.category in DISTRACTING:
            remember(self.opens, seen.at)
        if self.open is not None and self.open.activity == seen.activity:
            self._lose_the_end(self.open, seen.at)
        self._speaks(seen.at, opened=True)

    def _picked_up(self, seen: PickedUp) -> None:
        if not self.pick_ups or seen.at - self.pick_ups[-1] >= TWICE_TOLD:
            remember(self.pick_ups, seen.at)
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
        in_front = self._activity or (IN_THE_HAND if self._in_hand else None)
        wanted = in_front if known and not self._idle and not self._locked else None
        if self.open is not None and self.open.activity != wanted:
            self._close(at)
        if wanted is not None and self.open is None:
            self._take_up(wanted, at, opened=opened)

    def _take_up(self, activity: Activity, at: datetime, *, opened: bool) -> None:
        self.version += 1
        last, fleeting = self.last, self._settings.fleeting
        straight = last is not None and last.ended is not None and at - last.ended < fleeting
        if last is not None and straight and not opened and last.activity == activity:
            self.uses.pop()
            last.ended = None
            self.open = last
            return
        follows, came_from = self._person.came_from(at, fleeting)
        follows = follows and activity != IN_THE_HAND
        self.open = UseState(self._number(), activity, at, follows, came_from, opened=opened)
        if last is not None and straight:
            last.is_part = last.is_part or last.activity == IN_THE_HAND
            self.open.is_part = activity == IN_THE_HAND

    def _was_off(self, at: datetime) -> None:
        # What is open was left when the screen went off in between, and nobody told when.
        if self.open is not None and at - self.open.began >= TWICE_TOLD:
            self._lose_the_end(self.open, at)
            self._activity, self._in_hand = None, False

    def _lose_the_end(self, use: UseState, until: datetime) -> None:
        use.until = until
        self._close(use.began, trusted=False)

    def _close(self, at: datetime, *, trusted: bool = True) -> None:
        use = self.open
        if use is None:
            return
        self.version += 1
        self.open = None
        use.ended = max(at, use.began)
        use.trusted = trusted
        if not trusted:
            self.closed.append(use)
            if use.until is not None:
                self.uses.append(use)
            self._forget()
        elif use.opened or use.ended - use.began >= self._settings.fleeting:
            self.uses.append(use)
            self.closed.append(use)
        while self.uses and (self.uses[0].ended or at) < at - LONGEST_SPAN:
            oldest = self.uses.popleft()
            if oldest.activity.category in DISTRACTING:
                self.long_ago += (oldest.ended or oldest.began) - oldest.began

    def _forget(self) -> None:
        """Nothing is said to come from what was left before something that is not known."""
        if self.uses:
            self._forgotten = self.uses[-1].number

    def _went_idle(self, seen: WentIdle) -> None:
        if self._idle:
            return
        self._idle = True
        since = max(seen.since, self._began)
        self._away_since = self._away_since or since
        if seen.at - self._away_since >= LEFT_ALONE:
            self.put_away = True
        self._close(since)
        # What changed by itself after the last input (a page that reloads, a film that ends) was nobody's use.
        while self.uses and (self.uses[-1].ended or since) > since:
            use = self.uses[-1]
            use.ended = max(since, use.began)
            self.closed.append(use)
            self.version += 1
            if use.ended - use.began >= self._settings.fleeting:
                break
            self.uses.pop()

    def _returned(self, at: datetime) -> None:
        if not self._idle and not self._locked:
            self._away_since = None
        self._settle(at)

    def _gap(self, seen: Gap) -> None:
        since = max(seen.since, self._began)
        if seen.at - since >= LEFT_ALONE and not self.put_away:
            self.put_away = None
        if seen.sense in {None, "input"}:
            self.input_since = self.last_input = None
        if seen.sense in {None, "focus", "idle"}:
            self._know_nothing(since, trusted=False)
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
            self.covered.append(Covered(self._number(), self._covered_since, max(at, self._covered_since)))
        self._covered_since = None
        self._forget()
        self._spoken = self._in_hand = self.full_screen = False
        self._activity = None
