"""This machine as an older one computes: what numpy, OpenBLAS, torch and C library choose by it, unchosen."""
from __future__ import annotations

import os
import subprocess
import sys

import pytest
from numpy._core import _multiarray_umath as chosen

NEWER = [name for name in chosen.__cpu_dispatch__ if chosen.__cpu_features__.get(name)]
# AVX2 and FMA by the names that older and newer releases of the C library know
LIBRARY = ','.join(f'-{name}' for name in ('AVX512F', 'AVX2', 'AVX2_Usable', 'FMA', 'FMA_Usable', 'FMA4'))
OLDER = {'OPENBLAS_CORETYPE': 'Nehalem', 'NPY_DISABLE_CPU_FEATURES': ' '.join(NEWER),
         'GLIBC_TUNABLES': f'glibc.cpu.hwcaps={LIBRARY}', 'ATEN_CPU_CAPABILITY': 'default',
         'ONEDNN_MAX_CPU_ISA': 'SSE41', 'MKL_ENABLE_INSTRUCTIONS': 'SSE4_2'}

needs_a_newer_one = pytest.mark.skipif(not NEWER, reason='this processor is as the oldest one that numpy supports')


def run(*words: str, older: bool) -> str:
    """What a Python with these arguments prints, here or on the older processor."""
    environment = {**os.environ, **(OLDER if older else {}), 'PYTHONPATH': os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, *words], env=environment, check=True, text=True, stdout=subprocess.PIPE)
    return done.stdout


def differs() -> bool:
    """Whether the older processor multiplies matrices in another way at all."""
    program = 'import numpy as np; a = np.random.default_rng(0).random((64, 64)); print((a @ a).tobytes().hex())'
    return run('-c', program, older=True) != run('-c', program, older=False)
