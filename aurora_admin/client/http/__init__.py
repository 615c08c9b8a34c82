"""HTTP for the client: transport, proxy selection, authentication, status codes."""
