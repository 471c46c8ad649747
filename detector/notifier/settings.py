"""What the channels to the person can be told. Limits are kept by `detector.config`, with their places in the file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierSettings:
    """How a nudge sounds and where it goes; where the defaults come from stands in docs/evidence.md.

    `sentence`: the person's own words, at most 12; they come first, as the title of every nudge. `show_names`: the
    why-line may name the app or site rather than its category alone. `expires`: how long a notification stands.
    `greeting`: the notification that partner time has begun offers a thought beside saying so; that it is said cannot
    be switched off, for the program is never hidden. `only`: the names of the notifiers to try, in this order; empty
    means all that there are.
    """

    sentence: str = ""
    show_names: bool = False
    expires: timedelta = timedelta(seconds=20)
    greeting: bool = True
    only: tuple[str, ...] = ()
