"""Turntoward senses, measures and acts; `rules` decides. The data flow starts in `sensors` and runs through `core`."""
