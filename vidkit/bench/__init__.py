"""All measuring: one folder a subject, baselines in the same run."""
