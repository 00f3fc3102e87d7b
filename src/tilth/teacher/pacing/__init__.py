"""When a call may start: how fast, how many at once, and not at all while an endpoint only fails."""
