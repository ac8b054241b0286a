"""A ROS domain for one test."""
from __future__ import annotations

import itertools
import os

from vla_async.launcher.domain import DomainClaim, claim_free_domain

_FIRST = itertools.count(os.getpid())


def own_domain() -> DomainClaim:
    """One that no earlier test of this process used: what DDS has not yet forgotten of it must not meet the next."""
    return claim_free_domain(next(_FIRST))
