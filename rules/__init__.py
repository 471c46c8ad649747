"""What counts as a micro-rejection, and whether to say so: conditions, rules, policy. Pure; imports no `detector`."""
