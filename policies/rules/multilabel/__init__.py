"""Rules for networks that answer with sets of labels: when every label of a sample is clear enough."""
