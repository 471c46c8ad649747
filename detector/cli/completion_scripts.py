"""`turntoward completion`, and the scripts by which bash, zsh and fish find out what Tab may write.

Invariant 1: a title with blanks, quotes, commas or colons is completed as one word.
Invariant 2: no part of a title is ever executed.
"""

import os
from pathlib import Path
from typing import ClassVar, Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete, add_completion_class

from detector.cli import COMPLETION_VARIABLE
from detector.cli.output import print_text
from detector.errors import TurntowardError
from detector.files import make_folders, replace_file
from detector.i18n import _

PROGRAM: Final = "turntoward"

_BASH: Final = """\
%(complete_func)s() {
    local line word typed="${COMP_WORDS[COMP_CWORD]}" words
    local IFS=$'\\n'
    words="${COMP_WORDS[*]}"
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in
            file,*) compopt -o default ;;
            dir,*) compopt -o dirnames ;;
            plain,*)
                word="${line#plain,}"
                # Where the person has begun a quote, bash closes it; elsewhere a blank must not part the word.
                [[ "$typed" == [\\"\\']* ]] || printf -v word %%q "$word"
                COMPREPLY+=("$word") ;;
        esac
    done < <(COMP_WORDS="$words" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete "$1" 2>/dev/null)
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_FISH: Final = """\
function %(complete_func)s
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp | string collect) \\
        COMP_CWORD=(commandline -ct | string collect -a) %(prog_name)s 2>/dev/null)
    for completion in $response
        set -l found (string split -m 1 "," -- $completion)
        switch $found[1]
            case dir
                __fish_complete_directories $found[2]
            case file
                __fish_complete_path $found[2]
            case plain
                echo $found[2]
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


# click's own scripts for bash and fish do not keep a title with blanks or quotes in one word.
class _Bash(BashComplete):
    source_template: ClassVar[str] = _BASH


class _Fish(FishComplete):
    source_template: ClassVar[str] = _FISH


SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": _Bash, "zsh": ZshComplete, "fish": _Fish}


def write_completion(shell: str, *, install: bool) -> None:
    """Print the completion script of the shell, or install it.

    Raises:
        TurntowardError: if the file cannot be written.
    """
    text = source(shell)
    if not install:
        click.echo(text, nl=False)
        return
    path = completion_file(shell)
    try:
        make_folders(path.parent, 0o755)
        replace_file(Path(os.path.realpath(path)), text.encode())
    except OSError as error:
        message = _("{path} cannot be written: {why}.").format(path=path, why=error.strerror)
        raise TurntowardError(message) from error
    text = _("Tab completes `turntoward` in every {shell} that you open from now on: {path}")
    print_text(text.format(shell=shell, path=path))
    if shell == "zsh":
        print_text(_("If it does not, these two lines belong into ~/.zshrc:"))
        click.echo(f"  fpath=({path.parent} $fpath)\n  autoload -Uz compinit && compinit")
    elif shell == "bash":
        print_text(_("It needs the package bash-completion, which most systems have."))


def register() -> None:
    for shell in SHELLS.values():
        add_completion_class(shell)


def source(shell: str) -> str:
    return SHELLS[shell](click.Command(PROGRAM), {}, PROGRAM, COMPLETION_VARIABLE).source().strip() + "\n"


def completion_file(shell: str) -> Path:
    # Bash with bash-completion and fish look there by themselves; zsh has to be pointed to it.
    if shell == "fish":
        return _folder("XDG_CONFIG_HOME", ".config") / "fish" / "completions" / f"{PROGRAM}.fish"
    shared = _folder("XDG_DATA_HOME", ".local/share")
    if shell == "zsh":
        return shared / "zsh" / "site-functions" / f"_{PROGRAM}"
    return shared / "bash-completion" / "completions" / PROGRAM


def _folder(variable: str, otherwise: str) -> Path:
    folder = os.environ.get(variable, "")
    return Path(folder) if folder.startswith("/") else Path.home() / otherwise
