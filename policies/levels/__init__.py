"""What leaves an exit together, and what is then judged: samples, or the parents that they are parts of."""
