"""What runs in the sandbox for the baseline."""
