"""Denoising block by block: keys and values kept outside the model, cache policies asked for every block."""
