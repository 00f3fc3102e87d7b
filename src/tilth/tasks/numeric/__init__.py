"""The numeric task, and all that it reads and compares numbers with."""
