"""Read annotations back: what export writes, whole or in part, as drafts or as submissions.

file → items (one annotation each) → content that fits the schema as far as it goes → rows. What is
wrong with the evidence is no matter of loading: the checks find it.
"""
