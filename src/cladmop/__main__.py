"""``python -m cladmop``: the command line."""

from cladmop.cli.app import main

if __name__ == "__main__":
    main()
