"""What caching does to videos: FLOPs and seconds against fidelity, for every policy and the baseline."""
