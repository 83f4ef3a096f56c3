"""What is expected of policies on new data where nothing can be certified."""
