"""What a caller hears when things go wrong, and when they talk over the agent."""
