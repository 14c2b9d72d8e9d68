"""Clips made chunk by chunk by few-step causal models, and streamed out as they come."""
