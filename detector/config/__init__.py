"""One frozen Settings, gathered from the rooms; TOML in, all problems at once."""
