"""How students are trained and asked: in which processes, what of it is kept, and where it stands."""
