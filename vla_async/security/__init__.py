"""Who may say what to whom: SROS2 policies for the processes of the suite.

rights.py    what each node publishes, subscribes to, offers and asks for, over what every node needs
policy.py    rights as the XML that `ros2 security` takes
command.py   the subcommand `security`
"""
