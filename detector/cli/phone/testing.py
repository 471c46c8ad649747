"""Test a phone: send the phone API a request from here, then wait for the phone's own test."""

import asyncio
import http.client
import ssl
import sys
from datetime import timedelta
from typing import Final

from detector.cli import output
from detector.cli.phone.daemon_status import choose_phone, parse_instant, reported_status, wait_until
from detector.cli.plan import context
from detector.devices import Phone, PhoneApiAddress
from detector.errors import TurntowardError, UserError
from detector.i18n import _
from detector.sensors import adb_guidance

TIMEOUT: Final = timedelta(minutes=2)
_REQUEST_TIMEOUT: Final = 5.0


def test_phone(name: str) -> None:
    with context.open_store() as store:
        phone, address = choose_phone(store.phones.all(), name), store.phones.api_address()
    if phone.token is None:
        _test_adb(phone)
        return
    # Only a test from now on counts; the daemon remembers the last one.
    began = context.CLOCK.now()
    # Asked first: without a daemon no test of the phone can arrive.
    status = reported_status()
    if address is None or not status.is_open:
        why = (status.why or _("the daemon reports no reason")).rstrip(".")
        raise TurntowardError(_("The phone API is closed: {why}.").format(why=why))
    _request(address)
    output.print_text(_("The phone API at {url} is open and answers from here.").format(url=address.url))
    output.print_text(_('Now tap "Test the connection" on the phone\'s page: {url}/phone').format(url=address.url))
    if sys.stdout.isatty():
        output.print_text(_("Waiting two minutes for it; Ctrl-C ends the waiting."))

    def is_tested() -> bool:
        tested = parse_instant(reported_status().phones.get(phone.name, {}).get("tested"))
        return tested is not None and tested >= began

    if not wait_until(is_tested, TIMEOUT):
        raise TurntowardError(
            _(
                "{name} sent no test within two minutes.\n"
                "  The phone has to be in the same network, and not in a Wi-Fi for guests, which\n"
                "  often keeps devices apart. A firewall on this device may turn it away:\n"
                "  it has to let in TCP port {port} from your own network. With ufw, for example:\n"
                "    sudo ufw allow proto tcp from 192.168.0.0/16 to any port {port}"
            ).format(name=phone.name, port=address.port)
        )
    output.print_text(_("{name} reaches this device.").format(name=phone.name))


def _test_adb(phone: Phone) -> None:
    if phone.adb is None:
        raise UserError(
            _(
                '{name} is not paired yet: its link was not used.\n  `turntoward phone pair "{name}"` makes a new one.'
            ).format(name=phone.name)
        )
    refusal = asyncio.run(adb_guidance.diagnose_phone(phone.adb))
    if refusal is not None:
        remedy = f"\n  {refusal.remedy}." if refusal.remedy else ""
        problem = _("adb does not reach {name} ({serial}): {why}.")
        raise TurntowardError(problem.format(name=phone.name, serial=phone.adb, why=refusal.why) + remedy)
    sentence = _("adb reaches {name} ({serial}). It is sensed during partner time only.")
    output.print_text(sentence.format(name=phone.name, serial=phone.adb))


def _request(address: PhoneApiAddress) -> None:
    # Without a token: the phone API has to answer, and to refuse it.
    # Nobody can connect to the address that means "every one"; the links use the device's name then.
    everywhere = address.address in ("0.0.0.0", "::")  # noqa: S104 - compared, not listened on
    target = address.host if everywhere else address.address
    if address.certificate is None:
        connection = http.client.HTTPConnection(target, address.port, timeout=_REQUEST_TIMEOUT)
    else:
        # Nothing secret is sent here, and the certificate may be one that only the phone was told to trust.
        unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(target, address.port, timeout=_REQUEST_TIMEOUT, context=unchecked)
    try:
        connection.request("POST", "/v1/test", headers={"Host": address.url.partition("://")[2]})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise TurntowardError(
            _(
                "The phone API at {url} does not answer: {why}.\n"
                "  The daemon reports that it is open. Is this device still in the network in which the\n"
                "  phone was paired?"
            ).format(url=address.url, why=why)
        ) from error
    finally:
        connection.close()
    if status != http.client.UNAUTHORIZED:
        problem = _("Something else answers at {url}\n  with {status}, where 401 belongs.")
        raise TurntowardError(problem.format(url=address.url, status=status))
