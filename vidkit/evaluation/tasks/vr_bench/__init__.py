"""VR-Bench: reasoning by generated video."""
