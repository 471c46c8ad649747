"""What can be sensed on this device, and what to do about the rest."""
