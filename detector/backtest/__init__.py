"""Try rules before they speak: on kept evenings, and on timelines that a person wrote.

Rule 1: the core of the daemon decides; nothing here knows a rule, a threshold or a policy of its own.
Rule 2: whatever is compared was played on both sides.
"""
