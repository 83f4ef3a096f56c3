"""The phases of the notes on routing, made again from a finished sweep of a detector."""
