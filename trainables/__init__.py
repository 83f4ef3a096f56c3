"""What one trial trains: workloads, networks, losses, and the Ray Tune trainable."""
