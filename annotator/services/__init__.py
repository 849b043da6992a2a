"""What people do: claim, write, cite, submit."""
