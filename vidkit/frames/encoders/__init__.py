"""What turns pictures into numbers, one file a family. Models come through transformers, on first use."""
