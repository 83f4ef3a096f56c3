"""Boxes in images: annotations are read, cleaned and reported."""
