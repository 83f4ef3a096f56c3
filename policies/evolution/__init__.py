"""The evolutionary search for policies."""
