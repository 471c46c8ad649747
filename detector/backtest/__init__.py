"""Try rules before they cause nudges: on stored evenings, and on timelines that a person wrote.

Invariant 1: the daemon's core decides; no rule, threshold or policy is defined here.
Invariant 2: only results that were played on both sides are compared.
"""
