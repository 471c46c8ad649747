"""The store, a SQLite database: history, plans, phones, calendars; its schema and migrations; recordings."""
