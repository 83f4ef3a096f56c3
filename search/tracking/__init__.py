"""MLflow: what a sweep's journal tells goes there in the background, at once or when the store can be reached."""
