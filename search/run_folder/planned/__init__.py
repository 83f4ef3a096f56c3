"""What a summary tells of what was planned: at which power a certificate is aimed at."""
