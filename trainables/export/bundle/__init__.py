"""A network with its policy, certificate and everything that it takes to run and to watch them: one folder."""
