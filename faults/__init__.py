"""`make faults`: break things at random during a validation in bulk, and see that no run minds.

The sample batch is validated once undisturbed. Then the same runs are asked for again and again
while workers, run processes and sandboxes are killed, Redis and PostgreSQL restarted and the disk
filled. In the end every run must have ended exactly once with the verdict, and the status of every
test, that it has undisturbed, and nothing may be left of it: no working tree, process or mount.
"""
