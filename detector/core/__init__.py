"""The pure core: observations in, effects out. It never waits, never asks the time, never touches a file."""
