"""Commands that declare, show and change partner time."""
