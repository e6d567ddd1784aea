"""Benchmarks: `make bench`. No test asserts a time; what counts is the ratio to a peer."""
