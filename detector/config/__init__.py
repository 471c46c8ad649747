"""The settings: one frozen `Settings`, read from TOML, with all problems at once."""
