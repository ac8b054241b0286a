"""The simulated robot, its world, tasks and scripted expert, in MuJoCo."""
