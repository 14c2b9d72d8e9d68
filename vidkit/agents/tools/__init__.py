"""Tools an agent may call, one file each."""
