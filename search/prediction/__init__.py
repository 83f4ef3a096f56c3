"""Running a bundle on files."""
