"""Watching a bundle's certificate on new data, from tables, files or a stream of answers."""
