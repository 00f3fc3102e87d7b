"""The run file: its tables, its one writer, and what is read back of it."""
