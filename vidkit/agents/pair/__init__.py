"""Two small vision-language models for `vidkit.synthetic.zoom_scenes`: one drafts, one zooms."""
