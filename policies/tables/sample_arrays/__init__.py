"""What tables of every kind hold beside outputs and truth, checked: costs, names of samples, where they come from."""
