"""What a detector's exit table is made of: checked, and read from files."""
