"""Pure: rows to a summary, a summary to text or JSON."""
