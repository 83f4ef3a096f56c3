"""Certificates that need few labels: which samples to label, in which order, and what those labels prove."""
