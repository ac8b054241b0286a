"""Workers hand on what kills them; tickers keep absolute time and skip what they missed."""
import os
import subprocess
import sys
import time
from threading import Event, Thread, get_native_id

import pytest

from vla_async.nodes.threads import Ticker, Worker, ask_for_realtime, give_up_realtime, ordinary_priority

MS = 1_000_000


def test_an_error_ends_the_worker_and_is_handed_on():
    failures, failed = [], Event()

    def fail(error):
        failures.append(error)
        failed.set()
    worker = Worker('doomed', lambda: 1 / 0, fail)
    worker.start()
    assert failed.wait(20)
    worker.close()
    assert isinstance(failures[0], ZeroDivisionError)


def test_after_close_no_step_is_made():
    steps, begun = [], Event()

    def step():
        steps.append(1)
        begun.set()
        time.sleep(0.001)
    worker = Worker('busy', step, pytest.fail)
    worker.start()
    assert begun.wait(20)
    worker.close()
    made = len(steps)
    time.sleep(0.02)
    assert len(steps) == made


def test_a_missed_deadline_is_skipped_and_counted():
    done, lates = Event(), []

    def step(late):
        lates.append(late)
        if len(lates) == 1:
            time.sleep(0.1)  # misses the next deadlines
        if len(lates) == 4:
            done.set()
    ticker = Ticker(10 * MS, step, pytest.fail)
    ticker.start()
    assert done.wait(20)
    ticker.close()
    assert ticker.skipped >= 9
    assert ticker.lateness_ms()[1] >= ticker.lateness_ms()[0] >= 0


def test_what_a_worker_does_about_its_priority_comes_before_its_first_step():
    done, said = Event(), []

    def step():
        said.append('step')
        done.set()
    worker = Worker('ready', step, pytest.fail, lambda: said.append(get_native_id()))
    worker.start()
    assert done.wait(20)
    worker.close()
    assert said[1] == 'step' and said.count('step') == len(said) - 1
    assert said[0] != get_native_id()


def test_a_thread_can_give_up_the_priority_that_it_inherited():
    policies, done = [], Event()

    def step():
        ask_for_realtime()
        give_up_realtime()
        policies.append(os.sched_getscheduler(0))
        done.set()
    worker = Worker('modest', step, pytest.fail)
    worker.start()
    assert done.wait(20)
    worker.close()
    assert set(policies) == {os.SCHED_OTHER}


def test_a_process_that_is_started_in_ordinary_priority_has_it_and_its_starter_keeps_its_own():
    told = []

    def step():
        had = ask_for_realtime(), os.sched_getscheduler(0)
        with ordinary_priority():
            child = subprocess.run([sys.executable, '-c', 'import os; print(os.sched_getscheduler(0))'],
                                   capture_output=True, text=True, check=True)
        told.append((had[1] == os.sched_getscheduler(0), int(child.stdout) == os.SCHED_OTHER))
    thread = Thread(target=step)
    thread.start()
    thread.join()
    assert told == [(True, True)]
