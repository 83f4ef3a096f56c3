"""How training samples are changed, drawn anew for every sample."""
