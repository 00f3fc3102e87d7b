"""The open-ended task."""
