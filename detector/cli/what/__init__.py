"""`turntoward what`."""
