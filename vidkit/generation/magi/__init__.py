"""MAGI-1 as a pipeline: files, captions, guidance, the loop over chunks, cost."""
