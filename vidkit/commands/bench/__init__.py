"""`vidkit bench`: one file a benchmark, and its report."""
