"""Tables whose labels nobody knows: what is read in their place, and what is refused without them."""
