"""Conditions as people write them: tokens, tree, types, one compiled function."""
