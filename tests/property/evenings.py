"""Evenings that Hypothesis makes up: a person, one or two devices, and what their sensors would say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from detector.observations import (
    Activity,
    Answered,
    CallEnded,
    CallStarted,
    CameBack,
    Focused,
    Gap,
    GapReason,
    InputCounted,
    Locked,
    NotShown,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    Paused,
    QuietBegan,
    QuietEnded,
    Resumed,
    SensorStarted,
    Shown,
    Suspended,
    Unlocked,
    WentIdle,
)

BEGAN = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
ENDS = BEGAN + timedelta(minutes=90)
CATEGORIES = ("social", "messaging", "mail", "work", "news", "video", "together", "other")

seconds = st.one_of(
    st.integers(0, 8_000_000),
    st.sampled_from([1, 2, 5, 10, 29, 30, 31, 45, 60, 61, 90, 120, 300, 601]).map(lambda number: number * 1_000_000),
).map(lambda number: timedelta(microseconds=number))

steps = st.one_of(
    st.tuples(st.just("focus"), st.sampled_from(CATEGORIES), st.booleans()),
    st.tuples(st.just("scrolling"), st.integers(3, 90), st.integers(1, 4)),
    st.tuples(st.just("typing"), st.integers(1, 20), st.integers(1, 6)),
    st.tuples(st.just("idle"), st.integers(30, 90), st.just(0)),
    st.tuples(
        st.sampled_from(
            ["back", "lock", "unlock", "asleep", "gap", "lost", "sensed", "desktop", "quiet", "loud", "call", "hang up"]
        ),
        st.sampled_from(["focus", "idle", "input"]),
        st.just(0),
    ),
    st.tuples(
        st.just("answer"),
        st.integers(1, 6),
        st.sampled_from(["put_away", "together", "needed", "dismissed", "expired"]),
    ),
    st.tuples(st.sampled_from(["shown", "not shown"]), st.integers(1, 6), st.just(0)),
    st.tuples(st.sampled_from(["pause", "resume"]), st.just(0), st.just(0)),
)


def _said(at: datetime, device: str, kind: str, first: object, second: object) -> list[Observation]:
    simple: dict[str, type[Observation]] = {
        "back": CameBack, "lock": Locked, "unlock": Unlocked, "asleep": Suspended, "quiet": QuietBegan,
        "loud": QuietEnded, "call": CallStarted, "hang up": CallEnded, "pause": Paused, "resume": Resumed,
    }  # fmt: skip
    if kind in simple:
        return [simple[kind](at=at, device=device)]
    if kind == "focus":
        activity = Activity(category=str(first))
        # Mostly plain toplevels: one full-screen evening in two would hold every nudge back.
        return [Focused(at=at, device=device, activity=activity, full_screen=bool(second) and first == "video")]
    if kind in {"scrolling", "typing"}:
        assert isinstance(first, int)
        assert isinstance(second, int)
        counts = {"scrolls": second} if kind == "scrolling" else {"keys": second}
        return [InputCounted(at=at + timedelta(seconds=number), device=device, **counts) for number in range(first)]
    if kind == "idle":
        assert isinstance(first, int)
        return [WentIdle(at=at + timedelta(seconds=first), device=device, since=at)]
    if kind == "desktop":
        return [Focused(at=at, device=device, activity=None)]
    if kind == "gap":
        return [Gap(at=at + timedelta(minutes=2), device=device, since=at, reason=GapReason.SUSPEND)]
    if kind == "lost":
        return [Gap(at=at, device=device, since=at, reason=GapReason.SENSOR_LOST, sense=first)]
    if kind == "sensed":
        return [SensorStarted(at=at, device=device, sense=first, sensor="test")]
    if kind == "answer":
        return [Answered(at=at, device=device, nudge=first, answer=second)]
    return [Shown(at=at, nudge=first, by="test") if kind == "shown" else NotShown(at=at, nudge=first)]


@st.composite
def evenings(draw: st.DrawFn, *, ends: bool = True) -> list[Observation]:
    """Return an ordered stream from `PartnerTimeBegan` on, at most 60 steps on one or two devices."""
    stream: list[Observation] = [
        PartnerTimeBegan(at=BEGAN, occurrence="1@evening", title="Dinner", ends=ENDS),
        *(SensorStarted(at=BEGAN, sense=sense, sensor="test") for sense in ("focus", "idle", "input")),
    ]
    devices = draw(st.sampled_from([("laptop",), ("laptop",), ("laptop", "phone")]))
    at = BEGAN
    for wait, step in draw(st.lists(st.tuples(seconds, steps), min_size=1, max_size=60)):
        stream += _said(at + wait, draw(st.sampled_from(devices)), *step)
        at = stream[-1].at
    if ends:
        stream.append(PartnerTimeEnded(at=max(at, draw(st.sampled_from([ENDS, at])))))
    return stream
