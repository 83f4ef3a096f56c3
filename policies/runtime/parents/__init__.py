"""Running a network under a policy whose answers are pooled over the samples of parents."""
