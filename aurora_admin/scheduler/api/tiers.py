"""getTierConfigs: the tiers that a real scheduler has without a -tier_config of its own (docs/api.md 1.1)."""

from aurora_admin.gen.api.ReadOnlyScheduler import getTierConfigs_args
from aurora_admin.gen.api.ttypes import GetTierConfigResult, TierConfig
from aurora_admin.scheduler.api.response import Answer, of_struct
from aurora_admin.scheduler.api.services import Services

GET_TIER_CONFIG_RESULT = 27
# Name, whether its tasks can be preempted, whether they run on what others do not use.
TIERS = (("preferred", False, False), ("preemptible", True, False), ("revocable", True, True))


def get_tier_configs(services: Services, arguments: getTierConfigs_args) -> Answer:
    """Served in every state: nothing of it is stored."""
    tiers = [
        TierConfig(name, {"preemptible": _text(preemptible), "revocable": _text(revocable)})
        for name, preemptible, revocable in TIERS
    ]
    return of_struct(GET_TIER_CONFIG_RESULT, GetTierConfigResult("preemptible", tiers))


def _text(value: bool) -> str:
    return str(value).lower()
