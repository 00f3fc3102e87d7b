"""The notebook's side of Tilth: widgets, their protocol, their static fallback, and a doctor."""
