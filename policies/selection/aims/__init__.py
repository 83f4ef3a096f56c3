"""What the policies of a front take to reach one aim or another on ``search``."""
