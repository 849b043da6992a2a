"""Grading by the field's own code, kept in a process of its own.

The parsers and the grading rules are those of the ``swebench`` package. Importing it is slow and
heavy, so only ``server`` does, in one child process per worker; everybody else talks to that child
through ``client``.
"""
