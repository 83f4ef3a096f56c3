"""Folders of files, one for each class: found, read in parallel, kept in a cache, reported."""
