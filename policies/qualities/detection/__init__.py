"""What boxes are judged by."""
