"""The drop-in that lets the service reach the network: there while something needs it, and never somebody else's."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli import turntoward
from detector.control import systemd_unit as unit
from detector.control.systemd_unit import (
    allow_network,
    needs_network,
    network_path,
    reload_service,
    shipped,
    sync_network_access,
    unit_path,
)
from detector.devices import Phone
from detector.errors import TurntowardError
from detector.paths import store_path
from detector.sensors.settings import SensorSettings
from detector.store.store import Store

DIGEST = hashlib.sha256(b"a token").hexdigest()
PHONE = Phone(name="my phone", token=DIGEST)
MINE = "[Service]\nNice=1\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(turntoward, list(arguments))


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for systemctl: it writes down what it is asked, and says of the service what `active` says."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    log = tmp_path / "calls"
    program.write_text(f'#!/bin/sh\necho "$*" >> {log}\ncase "$2" in show) /bin/cat {tmp_path}/active;; esac\n')
    program.chmod(0o700)
    (tmp_path / "active").write_text("active\n")
    log.write_text("")
    monkeypatch.setenv("PATH", str(program.parent))
    return log


@pytest.fixture
def installed(home: Path, calls: Path) -> Path:
    assert home.exists()
    done = run("service", "install")
    assert done.exit_code == 0, done.output
    calls.write_text("")
    return network_path()


def test_the_drop_in_is_written_once_and_removed_once(installed: Path) -> None:
    assert not installed.exists()
    assert [allow_network(wanted=True), allow_network(wanted=True)] == [True, False]
    assert installed.read_text() == shipped(unit.NETWORK)
    assert installed == unit_path().parent / "turntoward.service.d" / "network.conf"
    assert [path.name for path in installed.parent.iterdir()] == ["network.conf"]
    assert [allow_network(wanted=False), allow_network(wanted=False)] == [True, False]
    assert not installed.parent.exists()


def test_one_of_an_earlier_version_is_brought_up_to_date(installed: Path) -> None:
    allow_network(wanted=True)
    installed.write_text(shipped(unit.NETWORK).partition("[Service]")[0] + MINE)
    assert allow_network(wanted=True)
    assert installed.read_text() == shipped(unit.NETWORK)


@pytest.mark.parametrize("wanted", [True, False])
def test_somebody_elses_file_in_that_place_is_left_alone(installed: Path, *, wanted: bool) -> None:
    installed.parent.mkdir()
    installed.write_text(MINE)
    assert not allow_network(wanted=wanted)
    assert installed.read_text() == MINE


@pytest.mark.parametrize("wanted", [True, False])
def test_a_link_to_a_file_kept_elsewhere_is_left_alone(installed: Path, tmp_path: Path, *, wanted: bool) -> None:
    elsewhere = tmp_path / "dotfiles.conf"
    elsewhere.write_text(shipped(unit.NETWORK) + "# and mine\n")
    installed.parent.mkdir()
    installed.symlink_to(elsewhere)
    assert not allow_network(wanted=wanted)
    assert installed.is_symlink()
    assert elsewhere.read_text().endswith("# and mine\n")


def test_another_drop_in_stays_beside_it(installed: Path) -> None:
    allow_network(wanted=True)
    other = installed.with_name("override.conf")
    other.write_text(MINE)
    assert allow_network(wanted=False)
    assert other.read_text() == MINE


def test_nothing_is_written_where_our_service_is_not_installed(home: Path) -> None:
    assert not allow_network(wanted=True)
    assert not (home / ".config/systemd").exists()
    unit_path().parent.mkdir(parents=True)
    unit_path().write_text(MINE)
    assert not allow_network(wanted=True)
    assert [path.name for path in unit_path().parent.iterdir()] == ["turntoward.service"]


def test_a_write_that_fails_leaves_nothing_and_says_where(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unit.os, "fsync", full)
    with pytest.raises(TurntowardError, match=r"network\.conf could not be changed: No space left"):
        allow_network(wanted=True)
    assert list(installed.parent.iterdir()) == []


def test_the_service_is_restarted_only_where_it_runs(installed: Path, calls: Path) -> None:
    assert installed.name == "network.conf"
    assert reload_service()
    assert calls.read_text().splitlines() == [
        "--user daemon-reload",
        "--user show --property=ActiveState --value turntoward.service",
        "--user restart turntoward.service",
    ]
    calls.with_name("active").write_text("activating\n")
    assert reload_service(), "one that failed and waits to be started again is started at once"
    for state in ("inactive", "failed", "deactivating"):
        calls.write_text("")
        calls.with_name("active").write_text(f"{state}\n")
        assert not reload_service()
        assert "restart" not in calls.read_text()


def test_without_systemctl_or_without_our_unit_nothing_is_restarted(
    installed: Path, calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installed.name == "network.conf"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not reload_service()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    unit_path().write_text(MINE)
    assert not reload_service()
    assert calls.read_text() == ""


@pytest.mark.parametrize(
    ("phone", "needed"),
    [
        (PHONE, True),
        (Phone(name="p", code=DIGEST), True),
        (Phone(name="p", adb="R58M12"), True),
        (Phone(name="p"), False),
    ],
)
def test_a_phone_that_is_heard_through_a_socket_needs_the_network(phone: Phone, *, needed: bool) -> None:
    assert needs_network([Phone(name="another"), phone], SensorSettings()) is needed
    assert not needs_network([], SensorSettings())


def test_activitywatch_needs_the_network_where_it_is_asked(home: Path, installed: Path) -> None:
    assert needs_network([], SensorSettings(activitywatch="http://127.0.0.1:5600"))
    config = home / ".config/turntoward/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text('[sources]\nactivitywatch = "http://127.0.0.1:5600"\n')
    assert run("service", "install").exit_code == 0
    assert installed.exists()
    config.write_text("[no such table]\n")
    assert run("service", "install").exit_code == 0
    assert installed.exists()
    config.unlink()
    assert run("service", "install").exit_code == 0
    assert not installed.exists()


def test_the_service_follows_the_phones_and_restarts_for_a_change_alone(installed: Path, calls: Path) -> None:
    assert sync_network_access([PHONE], SensorSettings())
    assert installed.exists()
    calls.write_text("")
    assert not sync_network_access([PHONE], SensorSettings())
    assert calls.read_text() == ""
    assert sync_network_access([], SensorSettings())
    assert not installed.exists()
    assert "--user restart turntoward.service" in calls.read_text()


def test_installing_with_a_phone_paired_allows_the_network_and_uninstalling_takes_it_away(
    home: Path, calls: Path
) -> None:
    with Store.open(store_path()) as store:
        kept = store.phones.save(PHONE)
    done = run("service", "install")
    assert "It may reach the network" in " ".join(done.output.split())
    assert network_path().exists()
    assert stat.S_IMODE(network_path().parent.stat().st_mode) == 0o700
    assert "It may reach the network" not in run("service", "install").output
    with Store.open(store_path()) as store:
        assert kept.number is not None
        store.phones.remove(kept.number)
    run("service", "install")
    assert not network_path().exists()
    allow_network(wanted=True)
    assert run("service", "uninstall").exit_code == 0
    assert list((home / ".config/systemd/user").iterdir()) == []
    assert "--user disable --now turntoward.service" in calls.read_text()


def test_a_store_that_cannot_be_read_neither_hinders_nor_loosens(installed: Path) -> None:
    allow_network(wanted=True)
    store_path().parent.mkdir(parents=True, mode=0o700)
    store_path().write_bytes(b"no database" * 1000)
    assert run("service", "install").exit_code == 0
    assert installed.exists()
    allow_network(wanted=False)
    assert run("service", "install").exit_code == 0
    assert not installed.exists()
