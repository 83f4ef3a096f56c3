"""What a rule makes of a table: scores, answers, and the distributions that these were taken from."""
