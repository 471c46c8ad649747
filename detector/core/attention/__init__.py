"""Pure: observations to uses, uses to features."""
