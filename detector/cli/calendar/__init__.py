"""`turntoward calendar`: import, subscribe to and export calendars, and answer what they propose."""
