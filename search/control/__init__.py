"""The static control: a plain network that costs as much as the selected policy, and what it shows."""
