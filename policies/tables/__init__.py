"""Exit tables: what a network said at every exit on one split, who the samples are, and what the exits cost."""
