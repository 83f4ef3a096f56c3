"""How much less than what may be lost is looked for, part by part of a claim, and when nothing would do."""
