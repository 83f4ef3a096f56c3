"""Whole populations of policies that read the samples of a parent in order until its pooled answer is sure."""
