import os

import numpy as np
import pytest

from vla_async.bench.faults.memory import held_mib, judge


def rows(**processes):
    return [dict(zip(processes, values, strict=True)) for values in zip(*processes.values(), strict=True)]


def test_memory_that_fills_up_and_then_stays_is_flat():
    filling = np.minimum(np.linspace(50.0, 110.0, 100), 70.0)  # full after a third
    outcome = judge(rows(fuser=np.where(np.arange(100) < 30, filling, 70.0)))
    assert outcome['flat']
    assert outcome['processes']['fuser'] == {'held_mib': 70.0, 'growth_mib': 0.0, 'flat': True, 'each_minute_mib': [
        50.0, 57.3, 64.5, *[70.0] * 6]}


def test_one_process_that_grows_is_named():
    outcome = judge(rows(fuser=np.full(100, 70.0), bridge=np.linspace(70.0, 90.0, 100)))
    assert not outcome['flat']
    assert outcome['processes']['bridge']['growth_mib'] == pytest.approx(14.0, abs=0.3)
    assert outcome['processes']['fuser']['flat']


def test_noise_is_no_growth():
    noise = np.random.default_rng(0).normal(0.0, 1.0, 400)
    assert judge(rows(fuser=100.0 + noise))['flat']


def test_too_short_a_look_proves_nothing():
    assert not judge(rows(fuser=[70.0]))['flat']
    assert not judge([])['flat']


def test_what_this_process_holds_is_known_and_of_one_that_is_gone_it_is_not():
    before = held_mib(os.getpid())
    ballast = np.ones(8 << 20)  # 64 MiB
    assert held_mib(os.getpid()) - before == pytest.approx(64.0, abs=8.0)
    assert ballast.sum() > 0
    assert held_mib(2**22 + 1) is None
