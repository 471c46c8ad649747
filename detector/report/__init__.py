"""Summarise what is stored, write the summary as text or JSON, and explain single moments. Pure."""
