"""Advice: curves forecast to budgets that were not measured, and which arm to spend a budget on."""
