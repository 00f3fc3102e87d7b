"""The choice task, and all that it finds options and picks with."""
