"""Going over from one motion to the next without a jump in position, velocity or acceleration."""
from __future__ import annotations

import numpy as np

from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.motion import Glide, Motion, Spline, fade, glide_duration_s
from vla_async.timebase import NS_PER_MS, NS_PER_S
from vla_async.types import FloatArray, StampArray

SAME = np.array([[1e-6], [1e-4], [1e-2]])  # two motions that differ by less at the seam are one (3, 1)
SHORTEST_GLIDE_S = 0.05
CUT = 1e-4  # a glide that goes further beyond a limit would be stopped there too hard [rad or m]
FASTER = 1e-3  # share of a velocity limit that tells nothing [1]
LOOK_NS = 5 * NS_PER_MS  # steps in which a glide is looked at


def joined(present: Motion, spline: Spline, at_ns: int, longest_s: float, config: FollowerConfig) -> tuple[Motion, str]:
    """The motion onto `spline` from `at_ns` on, or `present` and why there is none within `longest_s` [s].

    What is apart fades within a share of the limits, and more gently where a motion at full speed leaves no such share.
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
    fault = ''
    for fading in (offset, fade(apart, at_ns, longest_s)):
        glide = Glide(spline, fading, config.lower, config.upper)
        fault = _fault(glide, at_ns, config)
        if not fault:
            return glide, ''
    return present, fault


def _fault(glide: Glide, at_ns: int, config: FollowerConfig) -> str:
    """At which joint the glide would swing out beyond a limit, or be faster than the joint may, or nothing."""
    stamps_ns = np.arange(at_ns, glide.offset.end_ns, LOOK_NS)
    excess = glide.excess(stamps_ns)
    joint = int(excess.argmax())
    if excess[joint] > CUT:
        return f'the way onto it would go {excess[joint]:.4f} beyond the limit of {config.joint_names[joint]}'
    allowed = np.maximum.reduce([config.velocity, _speed(glide.onto, stamps_ns), np.abs(glide.sample(at_ns)[1])])
    ratio = _speed(glide, stamps_ns) / allowed
    joint = int(ratio.argmax())
    if ratio[joint] > 1.0 + FASTER:
        return f'the way onto it would take {config.joint_names[joint]} to {ratio[joint]:.3f} of its velocity limit'
    return ''


def _speed(motion: Motion, stamps_ns: StampArray) -> FloatArray:
    """Largest from one of these stamps to the next, LOOK_NS apart, (D,) [rad/s or m/s]."""
    steps = np.abs(np.diff(motion.positions(stamps_ns), axis=0))
    fastest: FloatArray = steps.max(axis=0, initial=0.0) * (NS_PER_S / LOOK_NS)
    return fastest
