"""When partner time is: recurrence to occurrences, words to declarations and back, changes of the clock. Pure."""
