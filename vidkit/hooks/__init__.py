"""What attention and caching both need on a diffusers transformer: families, clock, hooks, snapshots."""
