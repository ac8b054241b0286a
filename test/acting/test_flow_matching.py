from __future__ import annotations

import torch

from vla_async.acting.flow_matching import integrate, interpolate, sample_tau


def test_the_ends_of_the_line_are_action_and_noise() -> None:
    action, noise = torch.ones(2, 3, 4), -torch.ones(2, 3, 4)
    point, velocity = interpolate(action, noise, torch.tensor([0.0, 1.0]))
    assert torch.equal(point[0], action[0]) and torch.equal(point[1], noise[1])
    assert torch.equal(velocity, noise - action)


def test_euler_is_exact_on_the_straight_field() -> None:
    generator = torch.Generator().manual_seed(0)
    action, noise = torch.randn(2, 5, 3, 2, generator=generator)
    for steps in (1, 3, 10):
        found = integrate(lambda x, tau: noise - action, noise, steps)
        torch.testing.assert_close(found, action)


def test_euler_converges_on_a_linear_field() -> None:
    start = torch.ones(1, 1, 1)
    exact = torch.exp(torch.tensor(-1.0))
    errors = [float((integrate(lambda x, tau: x, start, steps) - exact).abs()) for steps in (10, 100)]
    assert errors[1] < errors[0] / 8


def test_the_field_is_asked_from_noise_towards_action() -> None:
    asked: list[float] = []
    integrate(lambda x, tau: asked.append(float(tau[0])) or torch.zeros_like(x), torch.zeros(1, 1, 1), 4)
    assert asked == [1.0, 0.75, 0.5, 0.25]


def test_times_favour_noise() -> None:
    tau = sample_tau(20_000, torch.Generator().manual_seed(0))
    assert float(tau.min()) >= 0.001 and float(tau.max()) <= 1.0
    assert abs(float(tau.mean()) - 0.6) < 0.01  # of Beta(1.5, 1)
