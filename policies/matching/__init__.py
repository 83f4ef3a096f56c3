"""Which found boxes are which true ones."""
