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
from detector.devices import PAIRING, Phone, PhoneApiAddress
from detector.errors import UserError
from detector.store.model import Keeping, Unknown
from detector.store.store import Store
from tests.rig.kept import BEGAN, EVENING, after, begins, ends, seen

OTHER = "2@20261124T183000Z"
DAY = 24 * 60
CODE, TOKEN, ANOTHER = "c0" * 32, "70" * 32, "a0" * 32
MINE = Phone(name="my phone", code=CODE, code_until=BEGAN + PAIRING)
PLACE = PhoneApiAddress(address="192.168.1.7", port=8765, host="laptop.local", certificate="/c.pem", key="/k.pem")


def extends(at: float, until: float) -> PartnerTimeExtended:
    return PartnerTimeExtended(at=after(at), ends=after(until))


class PhonesConformance:
    """Promises of `detector.store.model.Keeping`; a store's own test class gives the fixture `store`."""

    def test_phones_are_numbered_and_come_back_whole(self, store: Keeping) -> None:
        told = Phone(name="Kästner 📱", paired=after(1), token=TOKEN, adb="R58M123", shows_nudges=True)
        assert store.keep_phone(MINE) == replace(MINE, number=1)
        assert store.keep_phone(told) == replace(told, number=2)
        assert store.phones() == [replace(MINE, number=1), replace(told, number=2)]

    def test_a_phone_of_a_known_number_takes_the_place_of_the_one_before(self, store: Keeping) -> None:
        kept = store.keep_phone(MINE)
        store.keep_phone(replace(MINE, name="other"))
        changed = replace(kept, name="my old phone", shows_nudges=True)
        assert store.keep_phone(changed) == changed
        assert [phone.name for phone in store.phones()] == ["my old phone", "other"]

    def test_a_number_of_a_phone_is_never_given_twice(self, store: Keeping) -> None:
        store.keep_phone(MINE)
        assert store.remove_phone(1)
        assert not store.remove_phone(1)
        assert store.keep_phone(MINE).number == 2

    def test_a_removed_phone_does_not_come_back_by_being_kept_once_more(self, store: Keeping) -> None:
        kept = store.keep_phone(replace(MINE, token=TOKEN))
        store.remove_phone(1)
        with pytest.raises(UserError, match="removed meanwhile"):
            store.keep_phone(kept)
        assert store.phones() == []

    @pytest.mark.parametrize(
        "name", ["my phone", "My Phone", "laptop", "Laptop", "caf\udce9", " ", "x\x1b[2J", "x" * 41]
    )
    def test_a_name_that_another_device_has_or_that_is_no_text_is_refused(self, store: Keeping, name: str) -> None:
        store.keep_phone(MINE)
        with pytest.raises(UserError):
            store.keep_phone(replace(MINE, name=name))
        other = store.keep_phone(replace(MINE, name="other"))
        with pytest.raises(UserError):
            store.keep_phone(replace(other, name=name))
        assert [(phone.number, phone.name) for phone in store.phones()] == [(1, "my phone"), (2, "other")]

    def test_a_code_gives_its_phone_a_token_and_is_closed(self, store: Keeping) -> None:
        store.keep_phone(MINE)
        other = store.keep_phone(Phone(name="other", code=ANOTHER, code_until=BEGAN + PAIRING))
        claimed = store.claim_code(CODE, TOKEN, after(4))
        assert claimed == Phone(number=1, name="my phone", paired=after(4), token=TOKEN)
        assert store.phones() == [claimed, other]

    def test_a_code_can_be_used_once(self, store: Keeping) -> None:
        store.keep_phone(MINE)
        store.claim_code(CODE, TOKEN, after(1))
        assert store.claim_code(CODE, ANOTHER, after(1)) is None
        assert store.phones()[0].token == TOKEN

    def test_a_code_is_open_until_its_end_and_not_at_it(self, store: Keeping) -> None:
        store.keep_phone(MINE)
        assert store.claim_code(CODE, TOKEN, BEGAN + PAIRING) is None
        assert store.claim_code(CODE, TOKEN, BEGAN + PAIRING - timedelta(microseconds=1)) is not None

    def test_a_code_that_nobody_gave_opens_nothing(self, store: Keeping) -> None:
        store.keep_phone(MINE)
        store.keep_phone(Phone(name="paired", token=TOKEN))
        for code in (TOKEN, CODE.upper(), "", CODE[:-1]):
            assert store.claim_code(code, ANOTHER, after(1)) is None
        assert [phone.token for phone in store.phones()] == [None, TOKEN]

    def test_pairing_anew_replaces_the_token(self, store: Keeping) -> None:
        kept = store.keep_phone(Phone(name="my phone", paired=after(-DAY), token=ANOTHER, adb="R58M123"))
        store.keep_phone(replace(kept, code=CODE, code_until=after(5)))
        assert [phone.token for phone in store.phones()] == [ANOTHER]  # until it is claimed
        assert store.claim_code(CODE, TOKEN, after(1)) == replace(kept, paired=after(1), token=TOKEN)

    def test_the_door_is_where_it_was_put_until_it_is_taken_away(self, store: Keeping) -> None:
        assert store.phone_api_address() is None
        store.keep_phone_api_address(PLACE)
        assert store.phone_api_address() == PLACE
        store.keep_phone_api_address(replace(PLACE, certificate=None, key=None))
        assert store.phone_api_address() == replace(PLACE, certificate=None, key=None)
        store.keep_phone_api_address(None)
        assert store.phone_api_address() is None

    def test_forgetting_what_was_observed_leaves_phones_and_door(self, store: Keeping) -> None:
        store.keep_phone(MINE)
        store.keep_phone_api_address(PLACE)
        store.keep_all([begins(), ends()])
        store.forget_all(now=after(95))
        assert len(store.phones()) == 1
        assert store.phone_api_address() == PLACE

    def test_forgetting_everything_removes_phones_and_door(self, store: Keeping) -> None:
        store.keep_phone(MINE)
        store.keep_phone(Phone(name="other", token=TOKEN))
        store.keep_phone_api_address(PLACE)
        store.extend_occurrence(EVENING, after(120))
        assert store.forget_all(now=after(95), plans=True).phones == 2
        assert store.phones() == []
        assert store.phone_api_address() is None
        assert store.extended() == {}
        assert store.claim_code(CODE, TOKEN, after(1)) is None


class ExtendingConformance:
    """Promises about ends that were moved."""

    def test_the_last_end_given_counts_whichever_is_later(self, store: Keeping) -> None:
        for minutes in (100, 130, 110):
            store.extend_occurrence(EVENING, after(minutes))
        store.extend_occurrence(OTHER, after(DAY + 100))
        assert store.extended() == {EVENING: after(110), OTHER: after(DAY + 100)}

    def test_stops_and_ends_given_know_nothing_of_each_other(self, store: Keeping) -> None:
        store.stop_occurrence(EVENING, after(30))
        store.extend_occurrence(EVENING, after(120))
        store.stop_occurrence(EVENING, after(40))
        assert store.stopped() == {EVENING: after(30)}
        assert store.extended() == {EVENING: after(120)}

    def test_ends_given_go_with_their_partner_time_and_once_they_are_old(self, store: Keeping) -> None:
        store.extend_occurrence("1@x", after(120))
        store.extend_occurrence("11@x", after(130))
        store.remove_partner_time(1)
        store.prune(after(130))
        kept_at_its_end = store.extended()
        store.prune(after(131))
        assert (kept_at_its_end.keys() - {"1@x"}, store.extended()) == ({"11@x"}, {})

    def test_an_occurrence_that_is_extended_is_kept_with_its_new_end(self, store: Keeping) -> None:
        store.keep_all([begins(), seen(extends(80, 120))])
        (kept,) = store.unfinished()
        assert (kept.began, kept.ends, kept.ended) == (BEGAN, after(120), None)
        assert store.prune(after(110)) == 0
        store.keep_all([ends(at=120)])
        (kept,) = store.occurrences()
        assert (kept.ends, kept.ended) == (after(120), after(120))

    def test_forgetting_the_minutes_of_an_extension_leaves_the_later_end(self, store: Keeping) -> None:
        store.keep_all([begins(), seen(extends(80, 120))])
        store.forget(after(75), now=after(100))
        assert [kept.ends for kept in store.unfinished()] == [after(120)]
        assert list(store.observations(EVENING))[-1] == extends(100, 120)

    def test_forgetting_before_an_extension_tells_it_once(self, store: Keeping) -> None:
        store.keep_all([begins(), seen(extends(80, 120))])
        store.forget(after(85), now=after(100))
        told = [each for each in store.observations(EVENING) if isinstance(each, PartnerTimeExtended)]
        assert told == [extends(80, 120)]

    def test_an_extension_that_the_daemon_still_held_is_known_after_the_stretch(self, store: Keeping) -> None:
        store.keep_all([begins()])
        store.forget(after(70), now=after(85))
        store.keep_all([seen(extends(80, 120))])
        assert [kept.ends for kept in store.unfinished()] == [after(120)]
        assert list(store.observations(EVENING))[-1] == extends(85, 120)

    def test_a_beginning_that_is_forgotten_begins_anew_with_the_later_end(self, store: Keeping) -> None:
        store.keep_all([begins(), seen(extends(80, 120))])
        store.forget(after(-1), now=after(100))
        again = PartnerTimeBegan(at=after(100), occurrence=EVENING, title="Dinner", ends=after(120))
        assert list(store.observations(EVENING)) == [again]


class SignsConformance:
    """Promises about what phones told: signs, and apps that nobody knows."""

    def test_signs_are_of_the_kinds_and_occurrences_that_were_asked_for(self, store: Keeping) -> None:
        picked, away = PickedUp(at=after(5), device="phone", blind=True), PutAway(at=after(3), device="phone")
        later = PickedUp(at=after(DAY + 5), device="phone")
        opened = Focused(at=after(6), device="phone", activity=Activity(category="social"))
        store.keep_all([begins(), *map(seen, (picked, away, opened, InputCounted(at=after(7), keys=1))), ends()])
        store.keep_all([begins(OTHER, at=DAY), seen(later, OTHER)])
        assert store.signs([PickedUp, PutAway]) == [(EVENING, away), (EVENING, picked), (OTHER, later)]
        assert store.signs([PickedUp]) == [(EVENING, picked), (OTHER, later)]
        assert store.signs([PickedUp], after(DAY)) == [(OTHER, later)]
        assert store.signs([PutAway], None, after(DAY)) == [(EVENING, away)]
        assert store.signs([PutAway, Focused]) == [(EVENING, away), (EVENING, opened)]
        assert store.signs([]) == []

    def test_unknown_apps_are_counted_without_their_names(self, store: Keeping) -> None:
        store.keep_all([begins()])
        for app, first in (("a", True), ("a", False), ("b", True), ("a", False)):
            store.keep_unknown(EVENING, "phone", app, names=False, first=first)
        assert store.unknown() == {"phone": Unknown(opens=4, apps=2, named={})}

    def test_unknown_apps_are_counted_each_where_names_are_kept(self, store: Keeping) -> None:
        store.keep_all([begins(), ends(), begins(OTHER, at=DAY)])
        for occurrence, app in ((EVENING, "a"), (EVENING, "b"), (OTHER, "b"), (OTHER, "b")):
            store.keep_unknown(occurrence, "phone", app, names=True, first=True)
        store.keep_unknown(OTHER, "a phone", "c", names=True, first=True)
        known = store.unknown()
        assert list(known) == ["a phone", "phone"]
        assert known["phone"] == Unknown(opens=4, apps=2, named={"b": 3, "a": 1})
        assert list(known["phone"].named) == ["b", "a"]
        assert store.unknown(None, after(DAY)) == {"phone": Unknown(opens=2, apps=2, named={"a": 1, "b": 1})}

    def test_apps_of_several_evenings_without_names_are_at_least_those_of_the_fullest(self, store: Keeping) -> None:
        store.keep_all([begins(), ends(), begins(OTHER, at=DAY)])
        for occurrence, app in ((EVENING, "a"), (EVENING, "b"), (OTHER, "b")):
            store.keep_unknown(occurrence, "phone", app, names=False, first=True)
        store.keep_unknown(OTHER, "phone", "z", names=True, first=True)  # the person chose to keep names meanwhile
        assert store.unknown() == {"phone": Unknown(opens=4, apps=2, named={"z": 1})}

    def test_unknown_apps_go_with_their_occurrence_and_with_minutes_that_are_forgotten(self, store: Keeping) -> None:
        store.keep_all([begins(), ends(), begins(OTHER, at=DAY)])
        for occurrence in (EVENING, OTHER):
            store.keep_unknown(occurrence, "phone", "a", names=True, first=True)
        store.forget(after(DAY + 10), now=after(DAY + 20))
        assert store.unknown() == {"phone": Unknown(opens=1, apps=1, named={"a": 1})}
        assert [kept.id for kept in store.occurrences()] == [EVENING, OTHER]
        store.prune(after(DAY))
        assert store.unknown() == {}

    def test_nothing_is_counted_in_an_occurrence_that_is_not_kept(self, store: Keeping) -> None:
        store.keep_unknown(EVENING, "phone", "a", names=True, first=True)
        assert store.unknown() == {}


class TestStoreInMemory(PhonesConformance, ExtendingConformance, SignsConformance):
    @pytest.fixture
    def store(self) -> Store:
        return Store.in_memory()


class TestStoreOnDisk(PhonesConformance, ExtendingConformance, SignsConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with Store.open(tmp_path / "turntoward.sqlite") as store:
            yield store

    def test_everything_is_there_after_closing_and_opening(self, tmp_path: Path) -> None:
        path = tmp_path / "kept.sqlite"
        with Store.open(path) as store:
            store.keep_phone(MINE)
            store.keep_phone_api_address(PLACE)
            store.extend_occurrence(EVENING, after(120))
            store.keep_all([begins(), seen(PutAway(at=after(0), device="my phone"))])
            store.keep_unknown(EVENING, "my phone", "a", names=False, first=True)
        with Store.open(path, read_only=True) as store:
            assert store.phones() == [replace(MINE, number=1)]
            assert store.phone_api_address() == PLACE
            assert store.extended() == {EVENING: after(120)}
            assert store.signs([PutAway]) == [(EVENING, PutAway(at=after(0), device="my phone"))]
            assert store.unknown() == {"my phone": Unknown(opens=1, apps=1, named={})}
