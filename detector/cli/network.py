"""Update the daemon and its systemd service after a change of what needs the network."""

from detector.config.read import read_settings
from detector.config.settings import Settings
from detector.control.lock import wake_daemon
from detector.control.systemd_unit import sync_network_access
from detector.errors import UserError
from detector.paths import config_path
from detector.store.store import Store


def update_network_access(store: Store) -> bool:
    """Allow the service the network exactly if it needs it by now; return whether it was restarted for that."""
    try:
        settings = read_settings(config_path())
    except UserError:
        # `doctor` reports what is wrong in it; a phone can be paired and removed all the same.
        settings = Settings()
    return sync_network_access(store.phones.all(), settings.sources, store.calendars.all())


def wake_with_network(store: Store) -> bool:
    """Wake the daemon, with the network if it needs it; return whether one runs. Raises as `update_network_access`."""
    restarted = update_network_access(store)
    # A service that was just restarted may not hold its lock yet, and runs all the same.
    return wake_daemon() or restarted
