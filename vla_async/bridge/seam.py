"""Going over from one motion to the next without a jump in position, velocity or acceleration."""
from __future__ import annotations

import numpy as np

from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.motion import Glide, Motion, Spline, fade, glide_duration_s

SAME = np.array([[1e-6], [1e-4], [1e-2]])  # two motions that differ by less at the seam are one (3, 1)
SHORTEST_GLIDE_S = 0.05


def joined(present: Motion, spline: Spline, at_ns: int, longest_s: float, config: FollowerConfig) -> tuple[Motion, str]:
    """The motion onto `spline` from `at_ns` on, or `present` and why there is none within `longest_s` [s].

    What is apart fades within a share of the limits.
    """
    apart = present.sample(at_ns) - spline.sample(at_ns)
    if isinstance(present, Glide) and (np.abs(apart - present.offset.sample(at_ns)) <= SAME).all():
        return (Glide(spline, present.offset) if at_ns < present.offset.end_ns else spline), ''
    if (np.abs(apart) <= SAME).all():
        return spline, ''
    share = config.tolerances.blend_share
    duration_s, joint = glide_duration_s(apart, share * config.velocity, share * config.acceleration)
    if duration_s > longest_s:
        return present, (f'it would jump by {abs(apart[0, joint]):.4f} and {abs(apart[1, joint]):.4f}/s '
                         f'at {config.joint_names[joint]}')
    return Glide(spline, fade(apart, at_ns, max(duration_s, SHORTEST_GLIDE_S))), ''
