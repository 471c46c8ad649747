"""The evenings that end-to-end tests begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.endtoend.evening import Evening
from tests.rig.processes import needs

Begin: TypeAlias = Callable[..., Evening]

PROGRAMS = ("Xvfb", "openbox", "xprop", "xdpyinfo", "xdotool", "xterm", "dbus-daemon", "dbus-send", "dunst", "dunstctl")


@pytest.fixture
def evening_with(tmp_path: Path) -> Iterator[Begin]:
    """Return what makes an evening with settings or rules of its own."""
    needs(*PROGRAMS)
    with ExitStack() as stack:

        def begin(**how: Any) -> Evening:
            return Evening(stack, tmp_path / "person", **how)

        yield begin


@pytest.fixture
def evening(evening_with: Begin) -> Evening:
    """Return an evening with the quick rule, and everything else as it comes."""
    return evening_with()
