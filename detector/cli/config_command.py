"""`turntoward config`: the settings in force, or a sample to begin with."""

from __future__ import annotations

import click

from detector.errors import UserError


@click.group(epilog="Example: turntoward config sample --write")
def command() -> None:
    """Show the settings in force, or a commented sample.

    The settings stand in ~/.config/turntoward/config.toml. The file is optional: without it the defaults hold.
    """


@command.command(epilog="Example: turntoward config show --json")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def show(*, as_json: bool) -> None:
    """Show every setting in force, and which of them you changed."""
    from detector.config.read import read_settings  # noqa: PLC0415 - only when used
    from detector.config.sample import in_force, in_force_as_json  # noqa: PLC0415 - only when used
    from detector.paths import config_path  # noqa: PLC0415 - only when used

    path = config_path()
    settings = read_settings(path)
    if as_json:
        click.echo(in_force_as_json(settings, str(path) if path.exists() else None))
        return
    said = f"From {path}." if path.exists() else f"There is no {path}, so the defaults hold."
    click.echo(f"# {said}\n\n{in_force(settings)}", nl=False)


@command.command(name="sample", epilog="Example: turntoward config sample > config.toml")
@click.option("--write", is_flag=True, help="Write it where it is read from; an existing file is never touched.")
def sample_command(*, write: bool) -> None:
    """Print a sample with every option at its default and its meaning, or write it in place."""
    from detector.config.sample import sample  # noqa: PLC0415 - only when used
    from detector.paths import config_path  # noqa: PLC0415 - only when used

    if not write:
        click.echo(sample(), nl=False)
        return
    path = config_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(sample(), encoding="utf-8")
    except FileExistsError:
        raise UserError(
            f"{path} exists already and stays as it is. `turntoward config sample` prints the sample."
        ) from None
    except OSError as failure:
        raise UserError(f"{path} cannot be written: {failure.strerror}.") from None
    click.echo(f"The sample stands in {path}; every option is still at its default.")
    click.echo("Take the '#' before an option's name away to change it. The daemon reads it when it starts.")
