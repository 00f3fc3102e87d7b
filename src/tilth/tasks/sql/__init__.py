"""The SQL task, the databases it runs queries on, and how it finds a query in a reply."""
