"""Describing a database and running one query on it, unable to change anything; all in a worker process."""
