"""All measuring: one folder a subject, peers in the same run."""
