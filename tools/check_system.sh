#!/bin/sh
# Checks for the system packages that pip cannot bring: one line per missing one, with the command that installs it.
# PYTHON names the interpreter to use (default: python3). Exit status: 0 nothing is missing, 1 something is.
python=${PYTHON:-python3}
missing=0

lacks() { # what, Debian packages
  echo "missing: $1. Install it with: sudo apt install $2"
  missing=1
}

has() { command -v "$1" >/dev/null 2>&1; }

has cmake || lacks 'cmake, which builds the ROS messages' cmake
has g++ || lacks 'g++, which compiles the ROS messages' g++
has make || lacks 'make, which builds the ROS messages' make

if ! has "$python"; then
  lacks "$python" 'python3 python3-venv python3-dev'
  exit 1
fi

can() { "$python" -c "$1" >/dev/null 2>&1; }

# the Debian packages of python3.12 are called python3.12-venv and python3.12-dev
case $(basename "$python") in python3*) package=$(basename "$python") ;; *) package=python3 ;; esac

can 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' ||
  lacks "Python 3.10 to 3.13 ($python is $("$python" -c 'import platform; print(platform.python_version())')); \
have one and say PYTHON=python3.12, for example" 'python3.12 python3.12-venv python3.12-dev'
can 'import ensurepip, venv' || lacks 'the venv module of Python' "$package-venv"
can 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("include"), "Python.h").stat()' ||
  lacks 'the headers of Python, for the ROS messages' "$package-dev"

loads() { can "import ctypes; ctypes.CDLL('$1')"; }

# off-screen rendering of the simulated cameras: EGL with a driver from Mesa or NVIDIA
loads libEGL.so.1 || lacks 'libEGL, which renders off-screen' libegl1
loads libOpenGL.so.0 || loads libGL.so.1 || lacks 'libOpenGL, which renders' libopengl0
if ! loads libEGL_nvidia.so.0; then
  loads libEGL_mesa.so.0 || lacks 'the EGL driver of Mesa' libegl-mesa0
  ls /usr/lib*/dri/*swrast_dri.so /usr/lib/*/dri/*swrast_dri.so 2>/dev/null | grep -q . ||
    lacks 'the software renderer of Mesa' libgl1-mesa-dri
fi
exit $missing
