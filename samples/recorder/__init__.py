"""Execute a recording's commands in a fresh tree and write the trajectory file of an agent."""
