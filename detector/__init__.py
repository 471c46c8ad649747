"""Turntoward senses, measures and acts; `rules` decides. The rooms bear the names of the flow: see `pipeline`."""
