"""The simulated robot's controllers, one class a kind of output, and the rack that drives all joints with them."""
