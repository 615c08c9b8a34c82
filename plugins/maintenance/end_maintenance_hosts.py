"""The name that host_activate had in release 0.5. See aurora_admin-host_activate(1)."""

from aurora_admin.plugins.maintenance.host_activate import IF_UNKNOWN, configure, run

__all__ = ["EXAMPLES", "IF_UNKNOWN", "configure", "run"]
EXAMPLES = "aurora_admin end_maintenance_hosts --hosts=h1.example.com,h2.example.com west"
