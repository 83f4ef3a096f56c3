"""What the answers of policies are judged by."""
