"""An endpoint over HTTP: what is sent, what comes back, and what each failure means."""
