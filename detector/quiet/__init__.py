"""The desktop keeps quiet during partner time: its own Do Not Disturb, and the exact state from before."""
