"""What aw-android makes of a phone's day is read as the day was: each use from its start to its end, and nothing unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from detector.importing.timeline import known_length, known_states, to_microseconds
from tests.rig.activitywatch_history import History, event
from tests.rig.examples import examples
from tests.rig.importing import BEGAN, after_seconds, only_host

HOME, DIALOG = "com.sec.android.app.launcher", "com.google.android.permissioncontroller"
APPS = {
    "com.instagram.android": "social",
    "com.whatsapp": "messaging",
    "com.google.android.youtube": "video",
    "org.nobody.knows": "other",
}
RESUMED, PAUSED = 1.0, 86400.0
"""Seconds within which aw-android makes a heartbeat of this kind one event with the one before, of the same screen."""

Use = tuple[str, float, float]


@dataclass
class Android:
    """A phone: it writes what Android says of its screens, and knows what was really in front."""

    at: float = 0.0
    screen: tuple[str, str] | None = None
    told: list[tuple[float, float, tuple[str, str]]] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    def show(self, package: str, activity: str, lasts: float, *, resumed_first: bool, lag: float) -> None:
        """Bring a screen to the front, where it stays for that time."""
        before, began = self.screen, self.at
        self.screen = (package, activity)
        if before is None:
            self.told.append((began, RESUMED, self.screen))
        elif resumed_first:
            self.told += [(began, RESUMED, self.screen), (began + lag, PAUSED, before)]
        else:
            self.told += [(began, PAUSED, before), (began + lag, RESUMED, self.screen)]
        self.at = began + lasts
        # A dialog belongs to the app that it lies over; so do the other screens of that app.
        if package == DIALOG or (self.uses and self.uses[-1][0] == package and began - self.uses[-1][2] < 1):
            self._extend(began)
        elif package != HOME:
            self.uses.append((package, began, self.at))

    def _extend(self, began: float) -> None:
        if self.uses and began - self.uses[-1][2] < 1:
            self.uses[-1] = (*self.uses[-1][:2], self.at)

    def switch_off(self, lasts: float) -> None:
        if self.screen is not None:
            self.told.append((self.at, PAUSED, self.screen))
        self.screen, self.at = None, self.at + lasts

    def turn(self, lag: float) -> None:
        """Turn the phone: the screen in front is created again."""
        if self.screen is not None:
            self.told += [(self.at, PAUSED, self.screen), (self.at + lag, RESUMED, self.screen)]
            self.at += 3.0
            if self.screen[0] != HOME:
                self._extend(self.at - 3.0)

    def history(self) -> History:
        """Return the bucket that aw-android fills with heartbeats, each without a length."""
        events: list[list[object]] = []
        last: tuple[float, float, tuple[str, str]] | None = None
        for at, pulse, screen in sorted(self.told, key=lambda each: each[0]):
            if last is not None and last[2] == screen and at <= last[1] + pulse:
                last = (last[0], at, screen)
                events[-1] = [*last]
            else:
                last = (at, at, screen)
                events.append([*last])
        made = History()
        for began, ended, (package, activity) in events:  # type: ignore[misc]
            lasted = round(ended - began, 3)  # type: ignore[operator]
            made.apps(event(after_seconds(began), lasted, app="X", package=package, classname=activity))  # type: ignore[arg-type]
        return made


lengths = st.sampled_from([3.0, 7.0, 20.0, 95.0, 310.0, 2400.0])
lags = st.sampled_from([0.004, 0.02, 0.05, 0.2, 0.4])
steps = st.lists(
    st.tuples(
        st.sampled_from([*APPS, *APPS, HOME, HOME, HOME, DIALOG, "screen", "off", "turn"]), lengths, st.booleans(), lags
    ),
    max_size=30,
)


def played(day: Sequence[tuple[str, float, bool, float]]) -> Android:
    phone = Android()
    for what, lasts, resumed_first, lag in (*day, (HOME, 3.0, True, 0.05), ("off", 3.0, False, 0.05)):
        if what == "off":
            phone.switch_off(lasts)
        elif what == "turn":
            phone.turn(lag)
        elif what == "screen":
            if phone.screen is not None and phone.screen[0] in APPS:
                other = "Chat" if phone.screen[1] == "Main" else "Main"
                phone.show(phone.screen[0], other, lasts, resumed_first=resumed_first, lag=lag)
        # A permission is asked for by an app that is in front.
        elif (phone.screen or ("",))[0] != what and (what != DIALOG or (phone.screen or ("",))[0] in APPS):
            phone.show(what, "Main", lasts, resumed_first=resumed_first, lag=lag)
    return phone


@settings(max_examples=examples(1500))
@given(steps)
def test_every_use_of_an_android_log_is_found_within_a_second_and_nothing_is_unknown(
    day: list[tuple[str, float, bool, float]],
) -> None:
    phone = played(day)
    ends = phone.at
    # The next morning's first use.
    phone.at += 6 * 3600
    phone.show("com.whatsapp", "Main", 60.0, resumed_first=False, lag=0.02)
    phone.switch_off(1.0)
    host, tracks = only_host(phone.history(), "phone")
    first = min((at for at, _pulse, _screen in phone.told), default=0.0)
    begins_at, ends_at = to_microseconds(after_seconds(first)), to_microseconds(after_seconds(ends))
    states = known_states(host, begins_at, ends_at)
    assert known_length(states, ends_at) == ends_at - begins_at
    found: list[Use] = []
    for state, until in zip(states, [*[each.at for each in states[1:]], ends_at], strict=True):
        if state.activity_index >= 0:
            base = to_microseconds(BEGAN)
            category = tracks.activities[state.activity_index].category
            found.append((category, (state.at - base) / 1e6, (until - base) / 1e6))
    wanted = [(APPS[package], began, ended) for package, began, ended in phone.uses[:-1]]
    assert [each[0] for each in found] == [each[0] for each in wanted], (found, wanted)
    for (_, began, ended), (_, really_began, really_ended) in zip(found, wanted, strict=True):
        assert abs(began - really_began) <= 1
        assert abs(ended - really_ended) <= 1


def test_a_launcher_that_comes_before_the_pause_is_told_ends_the_use_and_the_phone_is_at_rest() -> None:
    history = History()
    for minute, second, package in (
        (10, 0.0, "com.whatsapp"),
        (10, 20.0, HOME),
        (10, 20.05, "com.whatsapp"),
        (15, 20.0, HOME),
        (50, 0.0, "com.instagram.android"),
    ):
        history.apps(event(BEGAN + timedelta(minutes=minute, seconds=second), 0.0, app="X", package=package))
    host, tracks = only_host(history, "phone")
    begins, ends = (to_microseconds(BEGAN + timedelta(minutes=minute)) for minute in (10, 50))
    states = known_states(host, begins, ends)
    assert [((state.at - begins) / 1e6, state.is_known, state.activity_index >= 0) for state in states] == [
        (0.0, True, True),
        (20.0, True, False),
    ]
    assert tracks.activities[states[0].activity_index].category == "messaging"
