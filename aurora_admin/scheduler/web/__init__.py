"""The scheduler's HTTP side: server, application, redirect to the leader; pages belong here."""
