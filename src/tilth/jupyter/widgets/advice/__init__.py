"""What a workbench shows of advice: its box, and its charts."""
