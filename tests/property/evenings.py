"""Evenings that Hypothesis makes up: a person, a laptop, a phone or two, and what their sensors would say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from detector.core.observations import (
    Activity,
    Answered,
    CallEnded,
    CallStarted,
    CameBack,
    Focused,
    Gap,
    GapReason,
    InputCounted,
    LaidDown,
    LitUp,
    Locked,
    MediaEnded,
    MediaStarted,
    NotShown,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    PartnerTimeExtended,
    Paused,
    PickedUp,
    PutAway,
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

focus = st.tuples(st.just("focus"), st.sampled_from(CATEGORIES), st.booleans())
scrolling = st.tuples(st.just("scrolling"), st.integers(3, 90), st.integers(1, 4))
staying = st.tuples(st.just("staying"), st.integers(10, 100), st.just(0))
between = st.tuples(
    st.sampled_from(["lock", "asleep", "quiet", "call", "pause", "idle"]), st.integers(1, 100), st.just(0)
)
rare = st.one_of(
    st.tuples(st.just("typing"), st.integers(1, 20), st.integers(1, 6)),
    st.tuples(
        st.sampled_from(["gap", "lost", "sensed", "desktop", "back"]),
        st.sampled_from(["focus", "idle", "input", "media", "call"]),
        st.just(0),
    ),
    st.tuples(
        st.just("answer"),
        st.integers(1, 12),
        st.sampled_from(["put_away", "together", "needed", "needed_1", "needed_5", "dismissed", "expired"]),
    ),
    st.tuples(
        st.sampled_from(["shown", "shown", "shown", "not shown"]), st.one_of(st.just(1), st.integers(1, 12)), st.just(0)
    ),
    st.tuples(st.sampled_from(["plays", "stops", "rings"]), st.just(0), st.just(0)),
)
opening = st.tuples(st.just("opens"), st.sampled_from(CATEGORIES), st.just(0))
in_hand = st.tuples(
    st.sampled_from([*["picked up"] * 5, "laid down", "closes", "lit", "put away", "silent"]),
    st.booleans(),
    st.just(0),
)
extending = st.tuples(st.just("extended"), st.integers(-100, 60), st.just(0))
BY_PHONE = {"opens", "picked up", "laid down", "closes", "lit", "put away", "silent"}
# Most of an evening is taking something up and staying with it; a law over evenings without nudges says nothing.
steps = st.one_of(
    focus,
    focus,
    focus,
    staying,
    staying,
    scrolling,
    scrolling,
    between,
    rare,
    opening,
    opening,
    in_hand,
    in_hand,
    extending,
)
PHONES = ("phone", "tablet")


def _said(at: datetime, device: str, kind: str, first: object, second: object) -> list[Observation]:
    pairs: dict[str, tuple[type[Observation], type[Observation]]] = {
        "lock": (Locked, Unlocked),
        "quiet": (QuietBegan, QuietEnded),
        "call": (CallStarted, CallEnded),
        "pause": (Paused, Resumed),
    }
    later = at + timedelta(seconds=first) if isinstance(first, int) else at
    if kind in pairs:
        began, ended = pairs[kind]
        return [began(at=at, device=device), ended(at=later, device=device)]
    if kind == "staying":
        return [InputCounted(at=later, device=device, clicks=1)]
    if kind == "asleep":
        asleep = Suspended(at=at, device=device)
        return [asleep, Gap(at=later, device=device, since=at, reason=GapReason.SUSPEND)]
    if kind in {"closes", "laid down", "lit", "put away"}:
        told = {"laid down": LaidDown, "lit": LitUp, "put away": PutAway}
        return [told[kind](at=at, device=device) if kind in told else Focused(at=at, device=device, activity=None)]
    if kind == "picked up":
        return [PickedUp(at=at, device=device, blind=bool(first))]
    if kind == "opens":
        return [Focused(at=at, device=device, activity=Activity(category=str(first)), opened=True)]
    if kind == "extended":
        assert isinstance(first, int)
        return [PartnerTimeExtended(at=at, ends=ENDS + timedelta(minutes=first))]
    if kind == "back":
        return [CameBack(at=at, device=device)]
    if kind == "focus":
        activity = Activity(category=str(first))
        # Mostly plain toplevels: one full-screen evening in two would hold every nudge back.
        return [Focused(at=at, device=device, activity=activity, full_screen=bool(second) and first == "video")]
    if kind in {"scrolling", "typing"}:
        assert isinstance(first, int)
        assert isinstance(second, int)
        counts = {"scrolls": second} if kind == "scrolling" else {"keys": second}
        return [InputCounted(at=at + timedelta(seconds=number), device=device, **counts) for number in range(first)]
    if kind in {"plays", "stops", "rings"}:
        # What rings goes on until something else says that it is over.
        return [{"plays": MediaStarted, "stops": MediaEnded, "rings": CallStarted}[kind](at=at, device=device)]
    if kind == "idle":
        assert isinstance(first, int)
        noticed = at + timedelta(seconds=30)
        return [
            WentIdle(at=noticed, device=device, since=at),
            CameBack(at=noticed + timedelta(seconds=first), device=device),
        ]
    if kind == "desktop":
        return [Focused(at=at, device=device, activity=None)]
    if kind == "gap":
        return [Gap(at=at + timedelta(minutes=2), device=device, since=at, reason=GapReason.SUSPEND)]
    if kind == "lost":
        return [Gap(at=at, device=device, since=at, reason=GapReason.SENSOR_LOST, sense=first)]
    if kind == "sensed":
        return [SensorStarted(at=at, device=device, sense=first, sensor="test")]
    if kind == "answer":
        # For how long is answered only after it was asked.
        given = ["needed", second] if str(second).startswith("needed_") else [second]
        return [Answered(at=at, device=device, nudge=first, answer=each) for each in given]
    return [Shown(at=at, nudge=first, by="test") if kind == "shown" else NotShown(at=at, nudge=first)]


@st.composite
def evenings(draw: st.DrawFn, *, ends: bool = True, soon: bool = False) -> list[Observation]:
    """Return an ordered stream from `PartnerTimeBegan` on, at most 60 steps on a laptop and up to two phones."""
    # Where the end is planned for soon, an extension has something to extend.
    planned = (
        BEGAN + timedelta(minutes=4) if soon else draw(st.sampled_from([ENDS, ENDS, BEGAN + timedelta(minutes=4)]))
    )
    stream: list[Observation] = [
        PartnerTimeBegan(at=BEGAN, occurrence="1@evening", title="Dinner", ends=planned),
        *(SensorStarted(at=BEGAN, sense=sense, sensor="test") for sense in ("focus", "idle", "input")),
    ]
    devices = draw(st.sampled_from([("laptop",), ("laptop",), ("laptop", "phone")]))
    phones = draw(st.sampled_from([PHONES[:1], PHONES[:1], PHONES]))
    at = BEGAN
    for wait, step in draw(st.lists(st.tuples(seconds, steps), min_size=6, max_size=60)):
        device = draw(st.sampled_from(phones if step[0] in BY_PHONE else devices))
        stream += _silent(stream, at + wait, device) if step[0] == "silent" else _said(at + wait, device, *step)
        at = stream[-1].at
    if ends:
        stream.append(PartnerTimeEnded(at=max(at, draw(st.sampled_from([ENDS, at])))))
    return stream


def _silent(stream: list[Observation], at: datetime, device: str) -> list[Observation]:
    """Nothing was heard of the phone since its last word, or since nobody listened."""
    if not any(seen.device == device for seen in stream):
        return []
    heard = [seen.at for seen in stream if seen.device == device or isinstance(seen, Paused | Gap)]
    return [Gap(at=at, device=device, since=heard[-1], reason=GapReason.SILENT, sense="focus")]


def ends_at(evening: list[Observation]) -> datetime:
    """Return the latest planned end: an extension after the end does not count."""
    ends = BEGAN
    for seen in evening:
        if isinstance(seen, PartnerTimeBegan) or (isinstance(seen, PartnerTimeExtended) and seen.at < ends):
            ends = max(ends, seen.ends)
    return ends
