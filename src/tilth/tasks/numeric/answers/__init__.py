"""Where in a text its final answer stands."""
