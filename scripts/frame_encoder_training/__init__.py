"""Training of the embedded text-image encoder; run through `scripts/train_frame_encoder.py`."""
