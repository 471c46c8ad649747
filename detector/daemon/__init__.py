"""The daemon: compose its parts, run the loop, start and end sessions, run sensors, carry out effects."""
