"""`python -m vidkit` is the same as `vidkit`."""

from vidkit.cli.main import main

if __name__ == "__main__":
    main()
