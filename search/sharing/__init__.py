"""Sharing the data out among the splits, by what is to be certified of them."""
