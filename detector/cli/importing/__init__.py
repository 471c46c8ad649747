"""`turntoward import ...`."""
