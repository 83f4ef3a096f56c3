"""What several rules score exits by."""
