"""Studies: grids of strategy, seeds, ratio and replicate, and what they show."""
