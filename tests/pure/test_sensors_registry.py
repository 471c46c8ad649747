"""Which sensors are tried in which session."""

from __future__ import annotations

import subprocess
import sys

import pytest

from detector.clock import SystemClock
from detector.core.attention.settings import AttentionSettings
from detector.errors import SensorUnavailable
from detector.sensors import REGISTRY, SENSES, Candidate, candidates, first_available, not_for_session, session_type
from detector.sensors.settings import SensorSettings


@pytest.mark.parametrize(
    ("env", "connects", "expected"),
    [
        ({"XDG_SESSION_TYPE": "x11", "DISPLAY": ":0"}, True, "x11"),
        ({"XDG_SESSION_TYPE": "x11"}, False, "x11"),
        ({"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, True, "wayland"),
        ({"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0"}, True, "wayland"),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, True, "wayland"),
        ({"XDG_SESSION_TYPE": "tty", "DISPLAY": ":0"}, True, "x11"),
        ({"DISPLAY": ":0"}, True, "x11"),
        ({"DISPLAY": ":0"}, False, "tty"),
        ({"XDG_SESSION_TYPE": "tty"}, True, "tty"),
        ({}, True, "tty"),
    ],
)
def test_the_session_type_comes_from_the_environment_and_never_from_display_alone(
    env: dict[str, str], connects: bool, expected: str
) -> None:
    assert session_type(env, lambda _: connects) == expected


def test_a_bare_x_server_without_a_session_type_is_found_by_connecting(x_server: object) -> None:
    assert session_type({"DISPLAY": x_server.display}) == "x11"
    assert session_type({"DISPLAY": ":30999"}) == "tty"


def test_no_x11_sensor_is_tried_on_wayland() -> None:
    tried = [row for sense in SENSES for row in candidates(sense, "wayland")]
    assert tried
    assert not [row.name for row in tried if row.name.startswith(("x11", "pynput"))]


def test_a_sensor_for_another_session_type_says_why() -> None:
    (refusal,) = not_for_session("input", "wayland")
    assert refusal.sensor == "pynput_input"
    assert "X11" in refusal.why
    assert "Wayland" in refusal.why


def test_idle_alarms_come_before_polling() -> None:
    assert [row.name for row in candidates("idle", "x11")][:2] == ["x11_idle", "x11_idle_screensaver"]


def test_sensors_that_ask_another_program_come_last() -> None:
    for session in ("x11", "wayland"):
        for sense in SENSES:
            asks = [row.needs_sources for row in candidates(sense, session)]
            assert asks == sorted(asks)
    assert {row.name for row in REGISTRY if row.needs_sources} == {"activitywatch_focus", "activitywatch_idle"}


async def test_without_the_setting_activitywatch_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async def opened(*_: object, **__: object) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr("asyncio.open_connection", opened)
    sensor, refusals = await first_available("idle", SystemClock(), AttentionSettings(), "wayland")
    assert sensor is None
    (refusal,) = [each for each in refusals if each.sensor == "activitywatch_idle"]
    assert "[sources]" in (refusal.remedy or "")
    asked = SensorSettings(activitywatch="http://127.0.0.1:1")
    with pytest.raises(AssertionError):
        await first_available("idle", SystemClock(), AttentionSettings(), "wayland", asked)


def test_importing_the_registry_imports_no_sensor_and_no_library() -> None:
    heavy = ("Xlib", "pynput", "psutil", "dbus_fast", "detector.sensors.x11_focus")
    code = f"import sys, detector.sensors; print([name for name in {heavy!r} if name in sys.modules])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"


def test_a_missing_library_makes_the_sensor_unavailable() -> None:
    row = Candidate("focus", "gone", "no_such_sensor_anywhere:Any", ("x11",))
    with pytest.raises(SensorUnavailable, match="no_such_sensor_anywhere"):
        row.make(SystemClock(), AttentionSettings())


async def test_where_no_sensor_is_available_every_candidate_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":30999")
    sensor, refusals = await first_available("idle", SystemClock(), AttentionSettings(), "x11")
    assert sensor is None
    assert [refusal.sensor for refusal in refusals] == ["x11_idle", "x11_idle_screensaver", "activitywatch_idle"]
    assert all(refusal.why and refusal.remedy for refusal in refusals)


async def test_the_first_available_sensor_is_used(x_server: object) -> None:
    sensor, refusals = await first_available("idle", SystemClock(), AttentionSettings(), "x11")
    assert sensor is not None
    assert sensor.name == "x11_idle"
    assert refusals == []


def test_every_row_names_a_class_that_exists(x_server: object) -> None:
    for row in REGISTRY:
        sensor = row.make(SystemClock(), AttentionSettings())
        assert (sensor.name, sensor.sense) == (row.name, row.sense)
