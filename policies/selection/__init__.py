"""From the tables of networks to one policy."""
