"""What the exit table of a network that answers with sets of labels is made of: checked, and read from files."""
