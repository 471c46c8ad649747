"""`turntoward rules ...`."""
