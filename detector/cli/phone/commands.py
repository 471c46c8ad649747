"""`turntoward phone`: pair a phone, see which are paired, test one, remove one."""

from typing import Any

import click

from detector.cli.lazy_completers import phones
from detector.cli.parameters import Subcommands


@click.group(cls=Subcommands, epilog='Example: turntoward phone pair "my phone"')
def phone_command() -> None:
    """Pair your phone, so that a look at it counts like one at the laptop.

    No app of ours is needed. Until the first phone is paired, nothing listens.
    """


@phone_command.command(epilog='Example: turntoward phone pair "my phone"')
@click.argument("name")
@click.option("--address", metavar="ADDRESS", help="Where to listen; else this device's address in your network.")
@click.option("--port", metavar="PORT", help="On which port; else 8420.")
@click.option("--host", metavar="HOST", help="How links name this device, such as laptop.local; else the address.")
@click.option("--certificate", metavar="FILE", help="Your own certificate (PEM): phones use https then. With --key.")
@click.option("--key", metavar="FILE", help="The certificate's key (PEM).")
@click.option("--nudges-on-phone", is_flag=True, help="Show nudges on the phone, too, in answer to what it reports.")
@click.option("--adb", metavar="SERIAL", help="Instead of a link: an Android phone that adb reaches.")
@click.option("--no-wait", is_flag=True, help="Show the link and leave; do not wait for the phone.")
def pair(**options: Any) -> None:
    """Pair a phone, and call it NAME.

    Shows a link that works once, within five minutes. It opens a page that lists what the phone will report and what
    never, and helps to set the phone up. All phones use the address of the first one.
    """
    from detector.cli.phone.pairing import PairOptions, pair_phone

    pair_phone(PairOptions(**options))


@phone_command.command(name="list", epilog="Example: turntoward phone list --json")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON; instants in UTC.")
def list_command(*, as_json: bool) -> None:
    """Show the phones, how each reports, and whether the phone API is open."""
    from detector.cli.phone.listing import list_phones

    list_phones(as_json=as_json)


@phone_command.command(epilog='Example: turntoward phone test "my phone"')
@click.argument("name", shell_complete=phones)
def test(name: str) -> None:
    """See whether the phone NAME reaches this device.

    Sends a request from here first; then waits up to two minutes for you to tap the test on the phone's page.
    """
    from detector.cli.phone.testing import test_phone

    test_phone(name)


@phone_command.command(epilog='Example: turntoward phone remove "my phone"')
@click.argument("name", shell_complete=phones)
@click.option("--yes", is_flag=True, help="Do not ask first.")
def remove(name: str, *, yes: bool) -> None:
    """Remove the phone NAME, at once.

    What it reports is refused from then on. What was kept of it stays; `turntoward forget` deletes that. The phone's
    own page can remove it, too.
    """
    from detector.cli.phone.listing import remove_phone

    remove_phone(name, yes=yes)
