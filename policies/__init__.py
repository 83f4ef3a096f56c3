"""Which exit a sample takes: exit tables, rules, policy search, certificates. Knows nothing of training."""
