"""The daemon's HTTP API, through which a paired phone reports what it is used for."""
