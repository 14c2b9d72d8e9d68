"""VR-Bench's own measurements: clips that cheat, speeds."""
