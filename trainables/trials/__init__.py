"""One trial: what is the same for all of them, one training of it, and what it says after each epoch."""
