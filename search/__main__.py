"""``python -m search``: the same as ``exitsearch``."""

from search.cli.app import main


if __name__ == "__main__":
    main()
