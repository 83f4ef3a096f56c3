"""Real early exit: what a policy decides is what is computed, stage by stage. Here alone policies may know torch."""
