"""A small parser of questions over one database."""
