"""Rule files: load the built-in and the person's own, write `own.toml`, and find rules that cannot hold here."""
