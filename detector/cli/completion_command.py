"""`turntoward completion`: let Tab write commands, options and your own titles, in bash, zsh and fish."""

from __future__ import annotations

import click


@click.command(epilog="Example: turntoward completion bash --install")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option("--install", is_flag=True, help="Put it where the shell finds it, rather than print it.")
def command(shell: str, *, install: bool) -> None:
    """Print what SHELL has to read so that Tab completes; --install puts it in its place.

    Tab then writes commands, options, and the titles of your own partner time.
    """
    from detector.cli import shells  # noqa: PLC0415
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.errors import TurntowardError  # noqa: PLC0415 - not for --help

    text = shells.source(shell)
    if not install:
        click.echo(text, nl=False)
        return
    place = shells.place(shell)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    except OSError as refused:
        raise TurntowardError(f"{place} cannot be written: {refused.strerror}.") from refused
    declared.say(f"Tab completes `turntoward` in every {shell} that you open from now on: {place}")
    if shell == "zsh":
        declared.say("If it does not, these two lines belong into ~/.zshrc:")
        click.echo(f"  fpath=({place.parent} $fpath)\n  autoload -Uz compinit && compinit")
    elif shell == "bash":
        declared.say("It needs the package bash-completion, which most systems have.")
