"""The robot as a MuJoCo model, built from its URDF, and what follows from it."""
