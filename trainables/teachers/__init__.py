"""Teachers: networks that look at the same images, and what they said before."""
