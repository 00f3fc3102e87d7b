"""What an endpoint sent back, whatever it is."""
