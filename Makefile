# Everything happens in .venv; nothing is installed outside this folder. `make` alone lists the targets.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DEPENDENCIES := .venv/.dependencies-installed
INSTALLED := .venv/.vla_async-installed
MESSAGES := $(shell find msg -type f)
SAMPLES := runs/samples/bag runs/samples/sqlite runs/samples/lerobot
PACKAGING := setup.py pyproject.toml package.xml tools/message_build.py vla_async/graph.py resource/vla_async

.DEFAULT_GOAL := help
.PHONY: help system setup demo samples test test-all test-quick lint lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: system $(INSTALLED)  ## make .venv with everything in it; the other targets do this themselves

demo: setup  ## a simulated robot follows instructions; ARGS="--seed 3" passes options on
	$(BIN)/vla-async demo $(ARGS)

samples: $(SAMPLES)  ## recordings to try replay on: an MCAP bag of the demo, the same as SQLite, a LeRobot dataset
	@echo '$(BIN)/vla-async replay $(SAMPLES) --robot astribot_s1 --report runs/replay'

test: setup  ## run the tests; ARGS="test/fusion -k seam" passes options on
	$(BIN)/python -m pytest $(ARGS)

test-all: setup  ## run those tests, too, that take minutes and a machine to themselves
	$(BIN)/python -m pytest -m '' $(ARGS)

test-quick: setup  ## run the tests that take no more than a few seconds each
	$(BIN)/python -m pytest -m 'not slow and not long' $(ARGS)

lint: setup  ## style and types
	$(BIN)/ruff check .
	$(BIN)/mypy

lock:  ## resolve requirements.lock anew (needs uv)
	uv pip compile --upgrade --quiet --no-header --no-annotate --universal --python 3.10 \
		--extra build --extra dev pyproject.toml -o requirements.lock

clean:  ## remove all that the other targets made, except runs/
	rm -rf .venv build install log *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

system:
	@PYTHON='$(PYTHON)' sh tools/check_system.sh

$(DEPENDENCIES): requirements.lock | system
	$(PYTHON) -m venv .venv
	@echo 'Installing the pinned dependencies (1 to 2 GB, some minutes)'
	$(PIP) install -r requirements.lock
	@touch $@

$(INSTALLED): $(DEPENDENCIES) $(MESSAGES) $(PACKAGING) | system
	@echo 'Building the ROS messages and installing vla_async (about a minute)'
	$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

runs/samples/bag: | setup
	rm -rf runs/samples/demo
	$(BIN)/vla-async demo --headless --episodes 2 --report runs/samples/demo
	mv runs/samples/demo/bag $@

runs/samples/sqlite: runs/samples/bag  # without pictures
	rm -rf $@
	$(BIN)/rosbags-convert --src $< --dst $@ --dst-storage sqlite3 --exclude-msgtype sensor_msgs/msg/Image

runs/samples/lerobot: | setup
	$(BIN)/python -c 'from pathlib import Path; from vla_async.training.demonstrations import record; \
		record(Path("$@"), "astribot_s1", "touch", 2)'
