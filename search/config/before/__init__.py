"""Networks that a sweep may train before its first trial."""
