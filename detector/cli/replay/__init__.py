"""`turntoward replay`."""
