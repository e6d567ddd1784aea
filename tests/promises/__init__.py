"""What users may rely on, and the tests that hold it."""
