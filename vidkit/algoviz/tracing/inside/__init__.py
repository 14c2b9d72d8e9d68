"""The recorder: runs a script and writes down what its data did; the standard library alone."""
