"""Options that several commands have, and what is told of them."""
