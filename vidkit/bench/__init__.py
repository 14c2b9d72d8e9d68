"""All measuring: one folder per subject, baselines in the same run."""
