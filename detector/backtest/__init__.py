"""Try rules before they speak: on kept evenings, and on timelines that a person wrote.

Invariant 1: the core of the daemon decides; nothing here knows a rule, a threshold or a policy of its own.
Invariant 2: whatever is compared was played on both sides.
"""
