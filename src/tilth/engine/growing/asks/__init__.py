"""One ask, from its prompt to a journalled reply: booked, made, read."""
