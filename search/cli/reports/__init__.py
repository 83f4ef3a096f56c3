"""Commands that show what searches found, or are finding."""
