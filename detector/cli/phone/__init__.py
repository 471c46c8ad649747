"""`turntoward phone`: pair a phone, list, test and remove phones."""
