"""What is done with the networks of the best trials, on the cluster."""
