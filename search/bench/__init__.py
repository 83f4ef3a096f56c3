"""How fast a bundle is: measured, set beside what was predicted, and told."""
