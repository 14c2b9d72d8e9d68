"""Functions of benchmarks whose columns a YAML file alone cannot describe."""
