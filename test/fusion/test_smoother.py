"""The smoother halves noise, keeps motion of 2 Hz, and reproduces what is smooth already."""
import numpy as np
import pytest

from vla_async.fusion.smoother import curve_weights, projection

STEP = 1 / 30
CUTOFF = 3.75


def _smoothed(samples: np.ndarray) -> np.ndarray:
    """The smooth curve at the samples."""
    control = projection(len(samples), STEP, CUTOFF) @ samples
    span = np.minimum(np.arange(len(samples)), max(len(samples), 2) - 2)
    value = curve_weights(np.arange(len(samples)) - span.astype(float), 0.0)
    return np.einsum('nk,nk->n', value, control[span[:, None] + np.arange(4)])


@pytest.mark.parametrize('hz', [0.2, 1.0, 2.0])
@pytest.mark.parametrize('phase', [0.0, 0.7, 1.5, 2.4])
def test_amplitude_is_kept_to_two_percent_up_to_two_hertz(hz: float, phase: float) -> None:
    t = np.arange(50) * STEP
    curve = _smoothed(0.1 * np.sin(2 * np.pi * hz * t + phase))
    design = np.stack([np.sin(2 * np.pi * hz * t), np.cos(2 * np.pi * hz * t)], axis=1)
    amplitude = np.linalg.norm(np.linalg.lstsq(design, curve, rcond=None)[0])
    assert amplitude == pytest.approx(0.1, rel=0.02)


def test_noise_of_the_samples_is_halved() -> None:
    noise = np.random.default_rng(0).standard_normal((500, 50))
    left = np.array([_smoothed(row) for row in noise])
    assert left[:, 4:-4].std() <= 0.5


@pytest.mark.parametrize('count', [1, 2, 3, 4, 5, 32, 512])
def test_constants_and_lines_pass_unchanged_for_any_length(count: int) -> None:
    line = 0.3 + 0.01 * np.arange(count)
    np.testing.assert_allclose(_smoothed(line), line, atol=1e-6)
