"""`make bench-checks`: derive faulty annotations from good ones, and see which the checks catch.

`faults/` and what they need know nothing of the checks: they spoil the JSON of an annotation and
say where the spoilt place is. `trying.py` loads good and spoilt ones as `manage.py
load_annotations --check` does and compares what is found.
"""
