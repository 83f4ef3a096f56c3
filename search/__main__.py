"""``python -m search``: the same as ``exitsearch``."""

from search.cli import main


if __name__ == "__main__":
    main()
