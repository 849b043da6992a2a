"""The data set: one line for each approved submission, its schema, and what it was made from."""
