"""Supermasks in superposition: many tasks in one frozen random network, told apart without ids."""
