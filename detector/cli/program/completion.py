"""`turntoward completion`: let Tab write commands, options and your own titles, in bash, zsh and fish."""

import click

from detector.cli import shells
from detector.cli.output import say
from detector.errors import TurntowardError
from detector.i18n import _


def write_completion(shell: str, *, install: bool) -> None:
    """Print what the shell has to read so that Tab completes, or put it where the shell finds it.

    Raises:
        TurntowardError: if the file cannot be written.
    """
    text = shells.source(shell)
    if not install:
        click.echo(text, nl=False)
        return
    path = shells.completion_file(shell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = _("{path} cannot be written: {why}.").format(path=path, why=error.strerror)
        raise TurntowardError(message) from error
    text = _("Tab completes `turntoward` in every {shell} that you open from now on: {path}")
    say(text.format(shell=shell, path=path))
    if shell == "zsh":
        say(_("If it does not, these two lines belong into ~/.zshrc:"))
        click.echo(f"  fpath=({path.parent} $fpath)\n  autoload -Uz compinit && compinit")
    elif shell == "bash":
        say(_("It needs the package bash-completion, which most systems have."))
