"""VBench: dimensions of a folder of videos that need no download, totals and differences of result files."""
