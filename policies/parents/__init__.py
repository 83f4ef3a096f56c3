"""Samples that are parts of something: the segments of a recording."""
