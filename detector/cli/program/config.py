"""`turntoward config`: the settings in force, or a sample to begin with."""

import click

from detector.config.read import read_settings
from detector.config.sample import in_force, in_force_as_json, sample
from detector.errors import UserError
from detector.files import make_folders
from detector.i18n import _
from detector.paths import config_path


def show_settings(*, as_json: bool) -> None:
    path = config_path()
    settings = read_settings(path)
    if as_json:
        click.echo(in_force_as_json(settings, str(path) if path.exists() else None))
        return
    origin = _("From {path}.") if path.exists() else _("There is no {path}, so the defaults apply.")
    click.echo(f"# {origin.format(path=path)}\n\n{in_force(settings)}", nl=False)


def print_sample() -> None:
    click.echo(sample(), nl=False)


def write_sample() -> None:
    path = config_path()
    try:
        make_folders(path.parent)
        # It fails where there is a file, and nobody else can read the new one from the start.
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(sample(), encoding="utf-8")
    except FileExistsError:
        message = _("{path} exists already and stays as it is. `turntoward config sample` prints the sample.")
        raise UserError(message.format(path=path)) from None
    except OSError as failure:
        raise UserError(_("{path} cannot be written: {why}.").format(path=path, why=failure.strerror)) from None
    click.echo(_("The sample is in {path}; every option is still at its default.").format(path=path))
    click.echo(_("Remove the '#' before an option's name to change it. The daemon reads it when it starts."))
