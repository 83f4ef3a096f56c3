"""Bundles in MLflow: registered as models, and answering where MLflow loads or serves them."""
