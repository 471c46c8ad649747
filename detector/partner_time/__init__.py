"""Pure: recurrence to occurrences, begin and end, days on which the clock changes."""
