"""History that another program kept: read, dropped down to categories, and run through the same core."""
