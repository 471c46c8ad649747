"""`turntoward import`: take in history that another program kept."""
