"""The code task, how it finds code and tests, and the sandbox that runs them."""
