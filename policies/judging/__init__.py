"""What is judged of the answers on a table: those about samples, or where these are pooled those about parents."""
