"""The simulated robot, its world, tasks and scripted expert; the only room that knows MuJoCo."""
