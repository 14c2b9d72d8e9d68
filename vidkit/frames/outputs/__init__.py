"""What a selection leaves on disk: record, frames, sheet, plot, clips, page, and files for other programs."""
