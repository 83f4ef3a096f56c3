"""The ``exitsearch`` command: one file for each of its commands."""
