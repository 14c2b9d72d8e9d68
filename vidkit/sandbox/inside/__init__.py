"""What runs beside and inside the sandbox: the standard library alone, started without vidkit on the path."""
