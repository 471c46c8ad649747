"""One file per platform and role; `REGISTRY` lists them in order of preference."""
