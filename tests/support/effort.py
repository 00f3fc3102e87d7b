"""How many examples a property is tried on, where the usual hundred are too many or too few."""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def examples(usual: int, *healthy: HealthCheck) -> settings:
    """So many in an ordinary run, and ten times as many under the profile "thorough".

    `healthy` names what Hypothesis would complain of, and is meant.
    """
    profile = settings()
    return settings(
        profile,
        max_examples=usual * profile.max_examples // 100,
        suppress_health_check=[*profile.suppress_health_check, *healthy],
    )
