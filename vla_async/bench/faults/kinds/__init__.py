"""The table of faults, in the order in which they are tried."""
from vla_async.bench.faults.fault import Fault
from vla_async.bench.faults.judge import GOES_ON
from vla_async.bench.faults.kinds import commanders, links, machine, messages, processes

NO_FAULT = Fault('no fault', lambda context: context.driver.wait(1.0), GOES_ON)  # what the others are compared with

FAULTS: tuple[Fault, ...] = (NO_FAULT, *processes.FAULTS, *messages.FAULTS, *commanders.FAULTS, *machine.FAULTS,
                             *links.FAULTS)
