"""Growing in rounds: pools that serve every arm are measured as they grow, until the choice is made."""
