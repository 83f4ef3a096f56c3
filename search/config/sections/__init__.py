"""Small sections of a sweep file, which nothing else of the configuration needs."""
