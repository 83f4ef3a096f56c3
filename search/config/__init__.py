"""What a sweep file can say."""
