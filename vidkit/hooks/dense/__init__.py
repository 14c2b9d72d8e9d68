"""Dense attention by the fastest library: which there are, how one is chosen, how it is put on a model."""
