"""A sweep that runs, as a page on this machine that keeps itself up to date: ``exitsearch watch``."""
