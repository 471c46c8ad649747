"""What a person may set about the desktop's Do Not Disturb. Limits are kept by `detector.config`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DndSettings:
    """`always`: it is on in every partner time, and not only in those declared with `--quiet`.

    `ringing`: the apps that may still be heard, by their desktop ids, such as `org.signal.Signal`.

    `even_without_nudges`: it is switched on even where our own nudges cannot get through; they are kept then, unshown.
    """

    always: bool = False
    ringing: tuple[str, ...] = ()
    even_without_nudges: bool = False
