"""What several suites share: servers to talk to."""
