"""The demo of text-to-SQL: an invented nursery's database, questions over it, and a teacher for them."""
