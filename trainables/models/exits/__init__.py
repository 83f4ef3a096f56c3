"""Where a network can be cut, and where its exits go."""
