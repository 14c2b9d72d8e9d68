"""Trackers that others write, mostly models: asked for, run, judged; what is right is kept."""
