"""What the fuser promises, and whether it holds."""
from __future__ import annotations

from vla_async.bench.fusion.campaign import Results
from vla_async.bench.fusion.figures import JUDGED, ROUNDING, Figures, dominating
from vla_async.bench.fusion.run import SEARCHING
from vla_async.bench.target import Target
from vla_async.fusion.factory import OURS

# scenario, figure, most
PROMISED = (
    ('a', 'largest_step', 0.051), ('a', 'second_difference', 0.0014), ('a', 'error', 0.043),
    ('g1', 'largest_step', 0.050), ('g1', 'second_difference', 0.0018), ('g1', 'error', 0.017),
    ('h', 'gripper_travel', 0.02), ('h', 'gripper_late_s', 0.5), ('k', 'off_path', 0.02),
    ('e', 'reach_63_s', 0.25), ('e', 'reach_95_s', 0.5), ('e', 'overshoot', 0.02),
    ('a25', 'add_us_p99', 500.0), ('a25', 'command_us_p99', 40.0), ('a25', 'window_us_p99', 300.0),
)


def _worse(figures: Figures, than: Figures) -> float:
    """By which share the worst judged figure is above the other's."""
    pairs = [(figures[key] or 0.0, than[key] or 0.0) for key in JUDGED]
    return max((mine - theirs) / max(theirs, ROUNDING) for mine, theirs in pairs)


def targets(results: Results) -> list[Target]:
    """Every promise with what was measured."""
    ours = {key: row[OURS] for key, row in results.items()}
    held = [Target(f'({key}) {figure}', ours[key][figure], high=most) for key, figure, most in PROMISED]
    for figure in ('seam_position', 'seam_velocity', 'seam_acceleration'):
        known = [value for row in ours.values() if (value := row[figure]) is not None]
        held.append(Target(f'{figure}, worst scenario', max(known, default=None), high=1e-9))
    broken = [value for row in ours.values() if (value := row['violations']) is not None]
    held.append(Target('limit violations', max(broken, default=None), high=0.0))
    unit = max(abs((ours['i'][key] or 0.0) / (ours['a'][key] or 1.0) - 1.0) for key in ('largest_step', 'error'))
    held.append(Target('degrees against radians, relative', unit, high=1e-6))
    held.append(Target('phase search where stamps are right: worst figure to that without, less 1',
                       max(_worse(row[SEARCHING], row[OURS]) for key, row in results.items() if key != 'l'), high=1e-3))
    held.append(Target('(l) jerk with phase search to that without',
                       (results['l'][SEARCHING]['jerk'] or 0.0) / (ours['l']['jerk'] or 1.0), high=0.8))
    beaten = sum(len(dominating(row[OURS], {k: v for k, v in row.items() if k not in (OURS, SEARCHING)}))
                 for row in results.values())
    held.append(Target('fusers that are better in one figure and worse in none', float(beaten), high=0.0))
    return held
