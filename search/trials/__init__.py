"""What is known of the trials of a sweep."""
