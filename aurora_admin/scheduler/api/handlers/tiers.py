"""getTierConfigs (docs/api.md 1.4)."""

from aurora_admin.gen.api.ReadOnlyScheduler import getTierConfigs_args
from aurora_admin.gen.api.ttypes import GetTierConfigResult, Result, TierConfig
from aurora_admin.scheduler.api.outcome import Outcome, with_struct
from aurora_admin.scheduler.api.services import Services
from aurora_admin.scheduler.api.tiers import DEFAULT_TIER, TIERS
from aurora_admin.wire.path import path

GET_TIER_CONFIG_RESULT = path(Result, "getTierConfigResult")


def get_tier_configs(services: Services, arguments: getTierConfigs_args) -> Outcome:
    """Return the tiers, in every state of the scheduler: nothing of them is stored."""
    tiers = [
        TierConfig(name, {setting: str(value).lower() for setting, value in tier._asdict().items()})
        for name, tier in TIERS.items()
    ]
    return with_struct(GET_TIER_CONFIG_RESULT, GetTierConfigResult(DEFAULT_TIER, tiers))
