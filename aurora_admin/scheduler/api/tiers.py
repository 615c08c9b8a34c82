"""The tiers of tasks: those that a real scheduler has without a -tier_config of its own (docs/api.md 1.4)."""

from typing import NamedTuple


class Tier(NamedTuple):
    """Whether its tasks may be preempted, and whether they run on resources that others leave unused."""

    preemptible: bool
    revocable: bool

    @property
    def is_production(self) -> bool:
        return not (self.preemptible or self.revocable)


TIERS = {
    "preferred": Tier(preemptible=False, revocable=False),
    "preemptible": Tier(preemptible=True, revocable=False),
    "revocable": Tier(preemptible=True, revocable=True),
}
DEFAULT_TIER = "preemptible"
