"""Routing that is trained: exits, thresholds and temperatures learn together which image leaves where."""
