"""The run file: its tables, its one writer, and what is looked up in it."""
