"""Simulated worlds: whole installations in virtual time, with trouble by seed."""
