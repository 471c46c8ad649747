"""See whether a phone reaches this device: knock at the door from here, then wait for the phone's own test."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Final

from detector.cli.phone.shared import choose, door, instant, look_until
from detector.cli.plan import context as declared
from detector.devices import Phone, PhoneApiAddress
from detector.errors import TurntowardError, UserError

TIMEOUT: Final = timedelta(minutes=2)
_ANSWER: Final = 5.0


def test_phone(name: str) -> None:
    """Say whether the phone reaches this device.

    Raises:
        UserError: if there is no such phone, or it does not speak yet.
        DaemonNotRunning: if nobody would hear it.
        TurntowardError: if the door is shut or does not answer, or the phone is not reached.
    """
    with declared.opened() as store:
        phone, place = choose(store.phones.all(), name), store.phones.api_address()
    if phone.token is None:
        _by_adb(phone)
        return
    began = declared.CLOCK.now()
    state = door()
    if place is None or not state.is_open:
        raise TurntowardError(f"The door is shut: {(state.why or 'the daemon does not say why').rstrip('.')}.")
    _knock(place)
    declared.say(f"The door at {place.url} is open and answers from here.")
    declared.say(f'Now tap "Test the connection" on the phone\'s page: {place.url}/phone')
    if sys.stdout.isatty():
        declared.say("Waiting two minutes for it; Ctrl-C leaves.")

    def is_tested() -> bool:
        tested = instant(door().phones.get(phone.name, {}).get("tested"))
        return tested is not None and tested >= began

    if not look_until(is_tested, TIMEOUT):
        raise TurntowardError(
            f"{phone.name} did not come in two minutes.\n"
            "  The phone has to be in the same network, and not in a Wi-Fi for guests, which\n"
            "  often keeps devices apart. A firewall on this device may turn it away:\n"
            f"  it has to let in TCP port {place.port} from your own network. With ufw, for example:\n"
            f"    sudo ufw allow proto tcp from 192.168.0.0/16 to any port {place.port}"
        )
    declared.say(f"{phone.name} reaches this device.")


def _by_adb(phone: Phone) -> None:
    if phone.adb is None:
        raise UserError(
            f"{phone.name} is not paired yet: its link was not used.\n"
            f'  `turntoward phone pair "{phone.name}"` makes a new one.'
        )
    import asyncio  # noqa: PLC0415 - not for --help

    from detector.sensors.adb_guidance import guidance  # noqa: PLC0415 - only for who senses that way

    refusal = asyncio.run(guidance(phone.adb))
    if refusal is not None:
        remedy = f"\n  {refusal.remedy}." if refusal.remedy else ""
        raise TurntowardError(f"adb does not reach {phone.name} ({phone.adb}): {refusal.why}.{remedy}")
    declared.say(f"adb reaches {phone.name} ({phone.adb}). It is listened to during partner time only.")


def _knock(place: PhoneApiAddress) -> None:
    """Ask at the door without a token: it has to answer, and to refuse."""
    import http.client  # noqa: PLC0415 - not for --help

    # An address that means "every one" is answered on the device's own name.
    everywhere = place.address in ("0.0.0.0", "::")  # noqa: S104 - looked for, not listened on
    where = place.host if everywhere else place.address
    named = place.url.partition("://")[2]
    if place.certificate is None:
        connection = http.client.HTTPConnection(where, place.port, timeout=_ANSWER)
    else:
        import ssl  # noqa: PLC0415 - only with a certificate

        # Nothing secret is sent here, and the certificate may be one that only the phone was told to trust.
        unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(where, place.port, timeout=_ANSWER, context=unchecked)
    try:
        connection.request("POST", "/v1/test", headers={"Host": named})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as refused:
        why = getattr(refused, "strerror", None) or str(refused) or type(refused).__name__
        raise TurntowardError(
            f"The door at {place.url} does not answer: {why}.\n"
            "  The daemon says that it is open. Is this device still in the network in which the\n"
            "  phone was paired?"
        ) from refused
    finally:
        connection.close()
    if status != 401:
        raise TurntowardError(f"Something else answers at {place.url}\n  with {status}, where 401 belongs.")
