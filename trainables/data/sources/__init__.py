"""Where data come from. A new source is one new file and one line of its workload."""
