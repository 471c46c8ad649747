"""The channels to the person, tried in order: freedesktop, notify-send, plyer, print."""
