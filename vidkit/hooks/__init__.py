"""What attention and caching both need to know of a running transformer: its clock and its token grid."""
