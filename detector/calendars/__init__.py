"""Calendars in and out: .ics files and addresses propose partner time, and what is declared can be written as one."""
