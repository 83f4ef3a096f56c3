"""What is asked of a policy, and which of several policies is better."""
