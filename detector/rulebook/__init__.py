"""Rule files: loading, thresholds, on and off, own rules."""
