"""`turntoward quiet-week ...`."""
