"""Training of the embedded maze model; run through `scripts/train_maze_model.py`."""
