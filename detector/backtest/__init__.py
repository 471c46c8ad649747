"""Trying rules before they speak: kept evenings through other rules, and timelines that a person wrote.

Rule 1: it decides by the same core as the daemon; nothing here knows a rule, a threshold or a policy of its own.
Rule 2: whatever is compared was played on both sides.
"""
