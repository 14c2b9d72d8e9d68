"""From scenes to files: one file a renderer. They see shapes and nothing else of a trace."""
