"""Where the data comes from, and how it is read."""
