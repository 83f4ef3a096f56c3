"""Recordings that are heard segment by segment."""
