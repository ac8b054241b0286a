from policies import folder, observation, robot  # noqa: F401  fixtures
