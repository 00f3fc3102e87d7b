"""What a run will yield and cost, and what must hold before it starts."""
