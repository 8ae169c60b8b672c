"""Formats of traces that ``allegiance scan`` reads, one module each.

The name of a module is the name of its format, and the first line of its docstring is shown in the
help of ``allegiance scan``. A module has ``recognizes(opening)``, which tells whether a file is of
the format, and ``read(path)``, which yields the file's conversations. A module with
``FALLBACK = True`` knows its format by common keys only, and gives way to the others.
"""

__all__: list[str] = []
