"""Learning curves of several arms: what is believed of them, what was measured, and what that foretells."""
