"""Runs: asked for, claimed, executed, finished; and the recipes they use."""
