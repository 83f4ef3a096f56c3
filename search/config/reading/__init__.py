"""From the text of a sweep file to values, and what is wrong with them in one line."""
