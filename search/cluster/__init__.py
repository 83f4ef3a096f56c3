"""Ray: started here, or joined."""
