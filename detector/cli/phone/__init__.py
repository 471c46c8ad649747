"""`turntoward phone ...`."""
