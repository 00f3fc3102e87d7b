"""How values are written: numbers, quantities in units, formulas, intervals."""
