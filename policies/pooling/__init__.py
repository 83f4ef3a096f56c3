"""How what is said of samples becomes what is said of their parent, and how a policy answers."""
