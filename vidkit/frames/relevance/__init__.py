"""Relevance that needs no pictures: subtitles ranked by BM25, and scores the user brings."""
