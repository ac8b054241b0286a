"""A running suite in a browser."""
