"""The one door to the network: phones of the person's own tell through it that they are in the hand."""
