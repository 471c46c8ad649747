"""Pure: summarise rows of the store, write a summary as text or JSON, and explain single moments."""
