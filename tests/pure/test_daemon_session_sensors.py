"""The sensors of a session start and stop together, and follow the paired phones."""

from __future__ import annotations

from typing import Any, cast

import pytest

from detector.daemon.phone_tracker import PhoneTracker
from detector.daemon.sensor_supervisor import SensorSupervisor
from detector.daemon.session_sensors import SessionSensors
from detector.devices import Phone

CABLE = Phone(name="my phone", adb="1A2B")
OTHER = Phone(name="old phone", adb="3C4D")
LINKED = Phone(name="linked phone", token="t" * 64)


class Watched:
    """A supervisor or a phone tracker that remembers what was asked of it."""

    def __init__(self, name: str, said: list[str]) -> None:
        self.name = name
        self.said = said

    async def start(self) -> None:
        self.said.append(f"start {self.name}")

    async def stop(self) -> None:
        self.said.append(f"stop {self.name}")

    def active_sensors(self) -> dict[str, str | None]:
        return {"focus": "adb_phone" if self.name == "my phone" else None}

    def put_away_before(self, devices: tuple[str, ...]) -> None:
        self.said.append(f"put away {' '.join(devices)}")

    def release_waiting_phones(self) -> None:
        self.said.append("decided")

    def close(self) -> None:
        self.said.append("close phone tracker")


class Sensed:
    def __init__(self, *phones: Phone, put_away: tuple[str, ...] = ()) -> None:
        self.said: list[str] = []

        def watched(name: str) -> Any:
            return Watched(name, self.said)

        self.sensors = SessionSensors(
            laptop=cast("SensorSupervisor", watched("laptop")),
            phone_tracker=cast("PhoneTracker", watched("phone tracker")),
            phones=phones,
            supervise_phone=lambda phone: cast("SensorSupervisor", watched(phone.name)),
            put_away=put_away,
        )

    def heard(self) -> list[str]:
        said = [line for line in self.said if line != "put away "]
        self.said.clear()
        return said


async def test_all_sensors_start_and_stop_together() -> None:
    device = Sensed(CABLE, LINKED)
    await device.sensors.start()
    assert device.sensors.is_on
    assert device.heard() == ["start laptop", "start my phone"]
    await device.sensors.stop()
    assert not device.sensors.is_on
    assert sorted(device.heard()) == ["close phone tracker", "stop laptop", "stop my phone"]
    assert device.sensors.active_phone_sensors() == {}


async def test_put_away_before_the_start_is_observed_once() -> None:
    device = Sensed(put_away=("my phone",))
    await device.sensors.start()
    assert "put away my phone" in device.heard()
    await device.sensors.stop()
    device.heard()
    await device.sensors.start()
    assert device.heard() == ["start laptop"]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ((CABLE,), []),
        ((), ["stop my phone"]),
        ((CABLE, OTHER), ["start old phone"]),
        ((OTHER,), ["stop my phone", "start old phone"]),
        ((Phone(name="my phone", adb="5E6F"),), ["stop my phone", "start my phone"]),
        ((Phone(name="my phone", token="t" * 64),), ["stop my phone"]),
    ],
)
async def test_phones_are_sensed_as_they_are_paired_and_removed(now: tuple[Phone, ...], said: list[str]) -> None:
    device = Sensed(CABLE)
    await device.sensors.start()
    device.heard()
    await device.sensors.set_phones(now)
    assert device.heard() == said


async def test_a_phone_paired_during_a_pause_is_sensed_afterwards() -> None:
    device = Sensed()
    await device.sensors.set_phones([CABLE])
    assert device.heard() == []
    await device.sensors.start()
    assert device.heard() == ["start laptop", "start my phone"]


async def test_sees_apps_only_while_adb_senses_the_phone() -> None:
    device = Sensed(CABLE, OTHER)
    await device.sensors.start()
    assert device.sensors.sees_apps("my phone")
    assert not device.sensors.sees_apps("old phone")
    assert not device.sensors.sees_apps("linked phone")
    assert device.sensors.active_phone_sensors() == {"my phone": "adb_phone", "old phone": None}
