"""What each operation takes, a file for each kind of view."""
