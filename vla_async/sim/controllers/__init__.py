"""The simulated robot's controllers, one class a kind of output, and the rack that drives all joints with them."""
from vla_async.sim.controllers.base import SimulatedController
from vla_async.sim.controllers.rack import ControllerRack

__all__ = ['ControllerRack', 'SimulatedController']
