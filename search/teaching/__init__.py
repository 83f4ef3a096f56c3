"""The teachers that a sweep needs before its first trial."""
