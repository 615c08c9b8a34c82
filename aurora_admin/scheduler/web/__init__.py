"""HTTP: the server, the table of pages, /api, and the redirect to the leader. Status pages belong here."""
