"""Training one network, epoch by epoch, and tabulating it."""
