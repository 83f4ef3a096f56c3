"""Commands that make a network of another one."""
