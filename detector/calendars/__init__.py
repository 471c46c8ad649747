"""Calendars as files in the format of RFC 5545 (.ics): fetch, read and write them, and propose partner time from them."""
