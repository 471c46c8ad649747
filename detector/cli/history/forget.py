"""`turntoward forget`: delete the last minutes, or everything. Anybody at the device can; nobody is notified."""

from datetime import timedelta

import click

from detector.cli.output import read_words
from detector.clock import SystemClock
from detector.control.lock import own_store, wake_daemon
from detector.errors import UserError
from detector.i18n import _, ngettext
from detector.partner_time.parse_times import read_length
from detector.paths import state_dir
from detector.store.delete_files import delete_recordings, delete_store, path_exists
from detector.store.model import DeletedCounts
from detector.store.store import Store
from rules.lengths import format_length


def forget(length: tuple[str, ...], *, everything: bool, yes: bool) -> None:
    if everything == bool(length):
        raise UserError(_("Write how much: `turntoward forget 15min`, or `turntoward forget --all`."))
    if everything:
        _forget_everything(yes=yes)
        return
    _forget_last(read_words(lambda text: read_length(text, argument="LENGTH"), " ".join(length)))


def _forget_last(length: timedelta) -> None:
    path = own_store()
    # One instant for the files and for the store, so that both lose the same stretch.
    now = SystemClock().now()
    # Recordings of failures contain observations as well; they are beside the store.
    recordings = delete_recordings(state_dir(), now - length)
    counts, continues = [], False
    # Opening a store for writing makes one, so it is opened only where there is one.
    if path_exists(path):
        with Store.open(path) as store:
            counts = _counts(store.forget(now - length, now=now))
            continues = bool(store.history.unfinished())
    if recordings:
        words = ngettext("{count:,} recording of a failure", "{count:,} recordings of failures", recordings)
        counts.append(words.format(count=recordings))
    if not counts:
        nothing = _("Nothing was kept of the last {length}; there is nothing to forget.")
        click.echo(nothing.format(length=format_length(length)))
        return
    forgotten = _("Forgotten: the last {length} ({counts}).")
    click.echo(forgotten.format(length=format_length(length), counts=", ".join(counts)))
    click.echo(_("Nothing of it is left in the files."))
    # The daemon is woken in any case: it holds what was forgotten in its memory.
    if wake_daemon() and continues:
        click.echo(_("Partner time goes on: from now on observations are kept again."))


def _forget_everything(*, yes: bool) -> None:
    path = own_store()
    if not path_exists(path) and not any(state_dir().glob("*.jsonl")):
        click.echo(_("Nothing is kept; there is nothing to forget."))
        return
    if not yes:
        warning = _(
            "This deletes all that was observed and decided, your partner times, and the\nphones that you paired: {path}"
        )
        click.echo(warning.format(path=path))
        # Not `output.confirm`: a script may answer through the standard input, and "no" ends with the code of Ctrl-C.
        click.confirm(_("It cannot be undone. Delete everything?"), abort=True)
    delete_recordings(state_dir())
    forgotten, is_deleted = delete_store(path, now=SystemClock().now())
    if counts := _counts(forgotten):
        click.echo(_("Everything is forgotten ({counts}).").format(counts=", ".join(counts)))
    else:
        click.echo(_("Everything is forgotten."))
    if is_deleted:
        click.echo(_("The file is deleted. Your settings and rules stay."))
    else:
        click.echo(_("The file is emptied; it stays because the program has it open. Your settings and rules stay."))
    if wake_daemon():
        click.echo(_("The daemon goes on, with no partner time declared."))
    if forgotten.phones:
        click.echo(_("No phone is paired any more: what phones send is refused from now on."))


def _counts(forgotten: DeletedCounts) -> list[str]:
    times = forgotten.partner_times
    counted = (
        (times, ngettext("{count:,} partner time", "{count:,} partner times", times)),
        (forgotten.phones, ngettext("{count:,} phone", "{count:,} phones", forgotten.phones)),
        (forgotten.occurrences, ngettext("{count:,} occurrence", "{count:,} occurrences", forgotten.occurrences)),
        (forgotten.moments, ngettext("{count:,} moment", "{count:,} moments", forgotten.moments)),
        (forgotten.uses, ngettext("{count:,} use", "{count:,} uses", forgotten.uses)),
        (forgotten.observations, ngettext("{count:,} observation", "{count:,} observations", forgotten.observations)),
    )
    return [words.format(count=count) for count, words in counted if count]
