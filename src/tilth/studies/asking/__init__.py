"""Students that ask a model elsewhere: their account, their cells, and what they may cost."""
