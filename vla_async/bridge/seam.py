"""Going over from one motion to the next without a jump in position, velocity or acceleration."""
from __future__ import annotations

import numpy as np

from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.motion import Glide, Motion, Spline, fade, glide_duration_s
from vla_async.timebase import NS_PER_MS

SAME = np.array([[1e-6], [1e-4], [1e-2]])  # two motions that differ by less at the seam are one (3, 1)
SHORTEST_GLIDE_S = 0.05
CUT = 1e-4  # a glide that goes further beyond a limit would be stopped there too hard [rad or m]
LOOK_NS = 5 * NS_PER_MS  # steps in which a glide is looked at


def joined(present: Motion, spline: Spline, at_ns: int, longest_s: float, config: FollowerConfig) -> tuple[Motion, str]:
    """The motion onto `spline` from `at_ns` on, or `present` and why there is none within `longest_s` [s].

    What is apart fades within a share of the limits.
    """
    apart = present.sample(at_ns) - spline.sample(at_ns)
    if isinstance(present, Glide) and (np.abs(apart - present.offset.sample(at_ns)) <= SAME).all():
        offset = present.offset
        if at_ns >= offset.end_ns:
            return spline, ''
    elif (np.abs(apart) <= SAME).all():
        return spline, ''
    else:
        share = config.tolerances.blend_share
        duration_s, joint = glide_duration_s(apart, share * config.velocity, share * config.acceleration)
        if duration_s > longest_s:
            return present, (f'it would jump by {abs(apart[0, joint]):.4f} and {abs(apart[1, joint]):.4f}/s '
                             f'at {config.joint_names[joint]}')
        offset = fade(apart, at_ns, max(duration_s, SHORTEST_GLIDE_S))
    return _within(Glide(spline, offset, config.lower, config.upper), at_ns, present, config)


def _within(glide: Glide, at_ns: int, present: Motion, config: FollowerConfig) -> tuple[Motion, str]:
    """The glide, or `present` and at which joint the glide would swing out beyond a limit."""
    excess = glide.excess(np.arange(at_ns, glide.offset.end_ns, LOOK_NS))
    joint = int(excess.argmax())
    if excess[joint] <= CUT:
        return glide, ''
    return present, f'the way onto it would go {excess[joint]:.4f} beyond the limit of {config.joint_names[joint]}'
