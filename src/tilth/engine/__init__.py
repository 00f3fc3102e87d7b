"""The engine: runs strategies under a hard budget, and journals all that was paid for."""
