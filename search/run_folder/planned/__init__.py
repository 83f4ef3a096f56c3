"""What a summary tells of what was planned: how data were shared out, and at which power a search aimed."""
