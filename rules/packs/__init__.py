"""The built-in rules, as TOML; see `rules.pack` for how a pack is read."""
