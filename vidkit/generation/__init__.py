"""Video diffusion pipelines: loading, running, recording."""
