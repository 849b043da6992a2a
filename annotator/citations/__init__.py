"""Find what a person selected in the content it came from, and keep it as a citation."""
