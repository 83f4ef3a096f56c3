"""How a network is trained: what is the same for all trials, and what is searched."""
