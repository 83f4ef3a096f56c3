"""How the parts of a claim are tested, and policies one after the other."""
