"""Makes the tables of the documentation from the code: `python -m docs._generate`."""
