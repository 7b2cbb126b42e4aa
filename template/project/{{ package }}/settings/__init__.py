"""What can be set: a file for each that has settings, named as the file that uses them."""
