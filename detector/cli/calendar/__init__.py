"""`turntoward calendar ...`."""
