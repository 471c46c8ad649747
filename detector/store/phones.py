"""The paired phones, and the address at which their API listens.

Invariant 1: of a token and of a pairing code only the digest is stored, and neither leaves the file by `export`.
Invariant 2: a number is never given twice, and a phone that was removed does not come back by being saved once more.
Invariant 3: a pairing code can be used once: it is looked up and used up in one transaction.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Final

from detector.core.observations import LAPTOP
from detector.devices import MAX_NAME_LENGTH, Phone, PhoneApiAddress
from detector.errors import UserError
from detector.i18n import _
from detector.store.database import Database, StateStore
from detector.store.rows import RowConverter, RowDamaged, insert_statement, read

_PHONES: Final = RowConverter(Phone)
_REPLACE_PHONE: Final = insert_statement("phones", _PHONES.columns, or_replace=True)
_ADDRESS_KEY: Final = "door"


class PhoneStore:
    """Phones by number, each with a name of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._state = StateStore(database)

    def all(self) -> list[Phone]:
        with self._database.reading() as connection:
            cursor = connection.execute(f"SELECT {', '.join(_PHONES.columns)} FROM phones ORDER BY number")
            return [read(_PHONES.from_row, row) for row in cursor]

    def save(self, phone: Phone) -> Phone:
        """Save the phone and return it with its number. Raises `UserError` if the name is taken."""
        with self._database.writing() as connection:
            phones = self.all()
            _check_name(phone, phones)
            if phone.number is None:
                phone = replace(phone, number=self._state.next_number("last_phone"))
            elif phone.number not in {other.number for other in phones}:
                raise UserError(_("This phone was removed meanwhile. Pair it again: `turntoward phone pair`."))
            connection.execute(_REPLACE_PHONE, _PHONES.to_row(phone))
        return phone

    def remove(self, number: int) -> bool:
        """Delete a phone, its token with it; return whether there was one of that number. What it reported stays."""
        with self._database.writing() as connection:
            return connection.execute("DELETE FROM phones WHERE number = ?", (number,)).rowcount > 0

    def claim_code(self, code: str, token: str, now: datetime) -> Phone | None:
        """Give the phone of this open code its token (both SHA-256, in hex); None if no such code is open."""
        with self._database.writing():
            # No constant-time comparison is needed: both are digests, and who sends a code cannot choose its digest.
            for phone in self.all():
                if phone.code == code and phone.code_until is not None and now < phone.code_until:
                    return self.save(replace(phone, token=token, code=None, code_until=None, paired=now))
        return None

    def api_address(self) -> PhoneApiAddress | None:
        with self._database.reading():  # so that a damaged value is reported as any damaged row
            stored = self._state.get(_ADDRESS_KEY)
            try:
                return None if stored is None else PhoneApiAddress(**stored)  # type: ignore[arg-type]
            except TypeError as error:
                raise RowDamaged(_("a row cannot be read: {reason}").format(reason=error)) from error

    def save_api_address(self, address: PhoneApiAddress | None) -> None:
        self._state.set(_ADDRESS_KEY, None if address is None else asdict(address))


def _check_name(phone: Phone, phones: Sequence[Phone]) -> None:
    if not phone.name.strip() or not phone.name.isprintable() or len(phone.name) > MAX_NAME_LENGTH:
        message = _("A phone's name is a few words of text, {count} characters at most.")
        raise UserError(message.format(count=MAX_NAME_LENGTH))
    # Whatever the case: a person names a device in commands, and would mistake two such names.
    taken = [LAPTOP, *(other.name for other in phones if other.number != phone.number)]
    if phone.name.casefold() in (other.casefold() for other in taken):
        message = _("There is a device called '{name}' already. Give this one another name.")
        raise UserError(message.format(name=phone.name))
