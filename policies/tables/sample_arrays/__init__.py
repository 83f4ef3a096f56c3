"""What tables of every kind hold beside outputs and truth, checked: costs, names of samples and where they come from."""
