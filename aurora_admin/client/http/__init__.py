"""HTTP to a scheduler: connections, proxies, credentials, and the meaning of a status."""
