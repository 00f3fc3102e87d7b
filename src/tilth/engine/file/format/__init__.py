"""What stands in a run file: its tables, its records, and what guards them."""
