"""Import history of another program: reduce it to categories, and run it through the same core as live observations."""
