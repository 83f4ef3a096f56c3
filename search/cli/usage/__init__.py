"""What was typed wrongly, in one line: the rule, what was given, and what to do."""
