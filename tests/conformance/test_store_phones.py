"""What every store promises of phones: who is paired, who may speak, what they told, and ends that were moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlite_utils  # noqa: F401 - imported here, so that opening a file needs no child

from detector.core.observations import (
    Activity,
    Focused,
    InputCounted,
    PartnerTimeBegan,
    PartnerTimeExtended,
    PickedUp,
    PutAway,
)
from detector.devices import PAIRING_TIME, Phone, PhoneApiAddress
from detector.errors import UserError
from detector.store.model import UnknownApps
from detector.store.store import Store
from tests.rig.stored_records import BEGAN, EVENING, after_minutes, begins, ends, seen

OTHER = "2@20261124T183000Z"
DAY = 24 * 60
CODE, TOKEN, ANOTHER = "c0" * 32, "70" * 32, "a0" * 32
MINE = Phone(name="my phone", code=CODE, code_until=BEGAN + PAIRING_TIME)
PLACE = PhoneApiAddress(address="192.168.1.7", port=8765, host="laptop.local", certificate="/c.pem", key="/k.pem")


def extends(at: float, until: float) -> PartnerTimeExtended:
    return PartnerTimeExtended(at=after_minutes(at), ends=after_minutes(until))


class PhonesConformance:
    """Promises of `detector.store.model.Store`; a store's own test class gives the fixture `store`."""

    def test_phones_are_numbered_and_read_whole(self, store: Store) -> None:
        told = Phone(name="Kästner 📱", paired=after_minutes(1), token=TOKEN, adb="R58M123", shows_nudges=True)
        assert store.phones.save(MINE) == replace(MINE, number=1)
        assert store.phones.save(told) == replace(told, number=2)
        assert store.phones.all() == [replace(MINE, number=1), replace(told, number=2)]

    def test_saving_a_phone_of_a_known_number_replaces_it(self, store: Store) -> None:
        kept = store.phones.save(MINE)
        store.phones.save(replace(MINE, name="other"))
        changed = replace(kept, name="my old phone", shows_nudges=True)
        assert store.phones.save(changed) == changed
        assert [phone.name for phone in store.phones.all()] == ["my old phone", "other"]

    def test_a_number_of_a_phone_is_never_given_twice(self, store: Store) -> None:
        store.phones.save(MINE)
        assert store.phones.remove(1)
        assert not store.phones.remove(1)
        assert store.phones.save(MINE).number == 2

    def test_a_removed_phone_cannot_be_saved_again(self, store: Store) -> None:
        kept = store.phones.save(replace(MINE, token=TOKEN))
        store.phones.remove(1)
        with pytest.raises(UserError, match="removed meanwhile"):
            store.phones.save(kept)
        assert store.phones.all() == []

    @pytest.mark.parametrize(
        "name", ["my phone", "My Phone", "laptop", "Laptop", "caf\udce9", " ", "x\x1b[2J", "x" * 41]
    )
    def test_a_name_that_is_taken_or_not_text_is_an_error(self, store: Store, name: str) -> None:
        store.phones.save(MINE)
        with pytest.raises(UserError):
            store.phones.save(replace(MINE, name=name))
        other = store.phones.save(replace(MINE, name="other"))
        with pytest.raises(UserError):
            store.phones.save(replace(other, name=name))
        assert [(phone.number, phone.name) for phone in store.phones.all()] == [(1, "my phone"), (2, "other")]

    def test_a_pairing_code_gives_its_phone_a_token_and_is_closed(self, store: Store) -> None:
        store.phones.save(MINE)
        other = store.phones.save(Phone(name="other", code=ANOTHER, code_until=BEGAN + PAIRING_TIME))
        claimed = store.phones.claim_code(CODE, TOKEN, after_minutes(4))
        assert claimed == Phone(number=1, name="my phone", paired=after_minutes(4), token=TOKEN)
        assert store.phones.all() == [claimed, other]

    def test_a_pairing_code_can_be_used_once(self, store: Store) -> None:
        store.phones.save(MINE)
        store.phones.claim_code(CODE, TOKEN, after_minutes(1))
        assert store.phones.claim_code(CODE, ANOTHER, after_minutes(1)) is None
        assert store.phones.all()[0].token == TOKEN

    def test_a_pairing_code_is_open_before_its_end_and_not_at_it(self, store: Store) -> None:
        store.phones.save(MINE)
        assert store.phones.claim_code(CODE, TOKEN, BEGAN + PAIRING_TIME) is None
        assert store.phones.claim_code(CODE, TOKEN, BEGAN + PAIRING_TIME - timedelta(microseconds=1)) is not None

    def test_an_unknown_pairing_code_gives_no_token(self, store: Store) -> None:
        store.phones.save(MINE)
        store.phones.save(Phone(name="paired", token=TOKEN))
        for code in (TOKEN, CODE.upper(), "", CODE[:-1]):
            assert store.phones.claim_code(code, ANOTHER, after_minutes(1)) is None
        assert [phone.token for phone in store.phones.all()] == [None, TOKEN]

    def test_pairing_again_replaces_the_token(self, store: Store) -> None:
        kept = store.phones.save(Phone(name="my phone", paired=after_minutes(-DAY), token=ANOTHER, adb="R58M123"))
        store.phones.save(replace(kept, code=CODE, code_until=after_minutes(5)))
        assert [phone.token for phone in store.phones.all()] == [ANOTHER]  # until it is claimed
        assert store.phones.claim_code(CODE, TOKEN, after_minutes(1)) == replace(
            kept, paired=after_minutes(1), token=TOKEN
        )

    def test_the_address_of_the_phone_api_is_stored_until_it_is_deleted(self, store: Store) -> None:
        assert store.phones.api_address() is None
        store.phones.save_api_address(PLACE)
        assert store.phones.api_address() == PLACE
        store.phones.save_api_address(replace(PLACE, certificate=None, key=None))
        assert store.phones.api_address() == replace(PLACE, certificate=None, key=None)
        store.phones.save_api_address(None)
        assert store.phones.api_address() is None

    def test_forgetting_observations_leaves_phones_and_the_address_of_the_api(self, store: Store) -> None:
        store.phones.save(MINE)
        store.phones.save_api_address(PLACE)
        store.history.save([begins(), ends()])
        store.forget_all(now=after_minutes(95))
        assert len(store.phones.all()) == 1
        assert store.phones.api_address() == PLACE

    def test_forgetting_all_with_plans_removes_phones_and_the_address_of_the_api(self, store: Store) -> None:
        store.phones.save(MINE)
        store.phones.save(Phone(name="other", token=TOKEN))
        store.phones.save_api_address(PLACE)
        store.plans.extend(EVENING, after_minutes(120))
        assert store.forget_all(now=after_minutes(95), plans=True).phones == 2
        assert store.phones.all() == []
        assert store.phones.api_address() is None
        assert store.plans.extended() == {}
        assert store.phones.claim_code(CODE, TOKEN, after_minutes(1)) is None


class ExtendingConformance:
    """Promises about ends that were moved."""

    def test_the_last_extension_counts_even_if_it_is_earlier(self, store: Store) -> None:
        for minutes in (100, 130, 110):
            store.plans.extend(EVENING, after_minutes(minutes))
        store.plans.extend(OTHER, after_minutes(DAY + 100))
        assert store.plans.extended() == {EVENING: after_minutes(110), OTHER: after_minutes(DAY + 100)}

    def test_stops_and_extensions_are_independent(self, store: Store) -> None:
        store.plans.stop(EVENING, after_minutes(30))
        store.plans.extend(EVENING, after_minutes(120))
        store.plans.stop(EVENING, after_minutes(40))
        assert store.plans.ended_early() == {EVENING: after_minutes(30)}
        assert store.plans.extended() == {EVENING: after_minutes(120)}

    def test_extensions_are_deleted_with_their_partner_time_and_when_they_are_old(self, store: Store) -> None:
        store.plans.extend("1@x", after_minutes(120))
        store.plans.extend("11@x", after_minutes(130))
        store.plans.remove(1)
        store.prune(after_minutes(130))
        kept_at_its_end = store.plans.extended()
        store.prune(after_minutes(131))
        assert (kept_at_its_end.keys() - {"1@x"}, store.plans.extended()) == ({"11@x"}, {})

    def test_an_extended_occurrence_is_stored_with_its_new_end(self, store: Store) -> None:
        store.history.save([begins(), seen(extends(80, 120))])
        (kept,) = store.history.unfinished()
        assert (kept.began, kept.ends, kept.ended) == (BEGAN, after_minutes(120), None)
        assert store.prune(after_minutes(110)) == 0
        store.history.save([ends(at=120)])
        (kept,) = store.history.occurrences()
        assert (kept.ends, kept.ended) == (after_minutes(120), after_minutes(120))

    def test_forgetting_the_minutes_of_an_extension_leaves_the_later_end(self, store: Store) -> None:
        store.history.save([begins(), seen(extends(80, 120))])
        store.forget(after_minutes(75), now=after_minutes(100))
        assert [kept.ends for kept in store.history.unfinished()] == [after_minutes(120)]
        assert list(store.history.observations(EVENING))[-1] == extends(100, 120)

    def test_forgetting_before_an_extension_leaves_one_observation_of_it(self, store: Store) -> None:
        store.history.save([begins(), seen(extends(80, 120))])
        store.forget(after_minutes(85), now=after_minutes(100))
        told = [each for each in store.history.observations(EVENING) if isinstance(each, PartnerTimeExtended)]
        assert told == [extends(80, 120)]

    def test_an_extension_saved_after_forgetting_is_known_from_the_end_of_the_interval(self, store: Store) -> None:
        store.history.save([begins()])
        store.forget(after_minutes(70), now=after_minutes(85))
        store.history.save([seen(extends(80, 120))])
        assert [kept.ends for kept in store.history.unfinished()] == [after_minutes(120)]
        assert list(store.history.observations(EVENING))[-1] == extends(85, 120)

    def test_a_forgotten_beginning_begins_again_with_the_extended_end(self, store: Store) -> None:
        store.history.save([begins(), seen(extends(80, 120))])
        store.forget(after_minutes(-1), now=after_minutes(100))
        again = PartnerTimeBegan(at=after_minutes(100), occurrence=EVENING, title="Dinner", ends=after_minutes(120))
        assert list(store.history.observations(EVENING)) == [again]


class SignsConformance:
    """Promises about what phones told: signs, and apps that nobody knows."""

    def test_observations_are_chosen_by_kind_and_occurrence(self, store: Store) -> None:
        picked, away = (
            PickedUp(at=after_minutes(5), device="phone", blind=True),
            PutAway(at=after_minutes(3), device="phone"),
        )
        later = PickedUp(at=after_minutes(DAY + 5), device="phone")
        opened = Focused(at=after_minutes(6), device="phone", activity=Activity(category="social"))
        store.history.save(
            [begins(), *map(seen, (picked, away, opened, InputCounted(at=after_minutes(7), keys=1))), ends()]
        )
        store.history.save([begins(OTHER, at=DAY), seen(later, OTHER)])
        assert store.history.observations_by_kind([PickedUp, PutAway]) == [
            (EVENING, away),
            (EVENING, picked),
            (OTHER, later),
        ]
        assert store.history.observations_by_kind([PickedUp]) == [(EVENING, picked), (OTHER, later)]
        assert store.history.observations_by_kind([PickedUp], after_minutes(DAY)) == [(OTHER, later)]
        assert store.history.observations_by_kind([PutAway], None, after_minutes(DAY)) == [(EVENING, away)]
        assert store.history.observations_by_kind([PutAway, Focused]) == [(EVENING, away), (EVENING, opened)]
        assert store.history.observations_by_kind([]) == []

    def test_unknown_apps_are_counted_without_their_names(self, store: Store) -> None:
        store.history.save([begins()])
        for app, first in (("a", True), ("a", False), ("b", True), ("a", False)):
            store.history.count_unknown_app(EVENING, "phone", app, names=False, first=first)
        assert store.history.unknown_apps() == {"phone": UnknownApps(opens=4, apps=2, named={})}

    def test_unknown_apps_are_counted_each_where_names_are_kept(self, store: Store) -> None:
        store.history.save([begins(), ends(), begins(OTHER, at=DAY)])
        for occurrence, app in ((EVENING, "a"), (EVENING, "b"), (OTHER, "b"), (OTHER, "b")):
            store.history.count_unknown_app(occurrence, "phone", app, names=True, first=True)
        store.history.count_unknown_app(OTHER, "a phone", "c", names=True, first=True)
        known = store.history.unknown_apps()
        assert list(known) == ["a phone", "phone"]
        assert known["phone"] == UnknownApps(opens=4, apps=2, named={"b": 3, "a": 1})
        assert list(known["phone"].named) == ["b", "a"]
        assert store.history.unknown_apps(None, after_minutes(DAY)) == {
            "phone": UnknownApps(opens=2, apps=2, named={"a": 1, "b": 1})
        }

    def test_unnamed_apps_of_several_occurrences_count_as_many_as_the_largest_number(self, store: Store) -> None:
        store.history.save([begins(), ends(), begins(OTHER, at=DAY)])
        for occurrence, app in ((EVENING, "a"), (EVENING, "b"), (OTHER, "b")):
            store.history.count_unknown_app(occurrence, "phone", app, names=False, first=True)
        store.history.count_unknown_app(
            OTHER, "phone", "z", names=True, first=True
        )  # the person chose to keep names meanwhile
        assert store.history.unknown_apps() == {"phone": UnknownApps(opens=4, apps=2, named={"z": 1})}

    def test_unknown_apps_are_deleted_with_their_occurrence_and_with_forgotten_minutes(self, store: Store) -> None:
        store.history.save([begins(), ends(), begins(OTHER, at=DAY)])
        for occurrence in (EVENING, OTHER):
            store.history.count_unknown_app(occurrence, "phone", "a", names=True, first=True)
        store.forget(after_minutes(DAY + 10), now=after_minutes(DAY + 20))
        assert store.history.unknown_apps() == {"phone": UnknownApps(opens=1, apps=1, named={"a": 1})}
        assert [kept.id for kept in store.history.occurrences()] == [EVENING, OTHER]
        store.prune(after_minutes(DAY))
        assert store.history.unknown_apps() == {}

    def test_no_app_is_counted_for_an_occurrence_that_is_not_stored(self, store: Store) -> None:
        store.history.count_unknown_app(EVENING, "phone", "a", names=True, first=True)
        assert store.history.unknown_apps() == {}


class TestStoreInMemory(PhonesConformance, ExtendingConformance, SignsConformance):
    @pytest.fixture
    def store(self) -> Store:
        return Store.in_memory()


class TestStoreOnDisk(PhonesConformance, ExtendingConformance, SignsConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with Store.open(tmp_path / "turntoward.sqlite") as store:
            yield store

    def test_everything_is_stored_after_closing_and_opening(self, tmp_path: Path) -> None:
        path = tmp_path / "kept.sqlite"
        with Store.open(path) as store:
            store.phones.save(MINE)
            store.phones.save_api_address(PLACE)
            store.plans.extend(EVENING, after_minutes(120))
            store.history.save([begins(), seen(PutAway(at=after_minutes(0), device="my phone"))])
            store.history.count_unknown_app(EVENING, "my phone", "a", names=False, first=True)
        with Store.open(path, read_only=True) as store:
            assert store.phones.all() == [replace(MINE, number=1)]
            assert store.phones.api_address() == PLACE
            assert store.plans.extended() == {EVENING: after_minutes(120)}
            assert store.history.observations_by_kind([PutAway]) == [
                (EVENING, PutAway(at=after_minutes(0), device="my phone"))
            ]
            assert store.history.unknown_apps() == {"my phone": UnknownApps(opens=1, apps=1, named={})}
