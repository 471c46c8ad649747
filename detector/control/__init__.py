"""What commands, the page and D-Bus want of a running daemon: its lock, status, requests and systemd unit."""
