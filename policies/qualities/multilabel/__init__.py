"""What answered sets of labels are judged by."""
