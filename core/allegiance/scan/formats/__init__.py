"""Formats of traces that ``allegiance scan`` reads, one module each.

The name of a module is the name of its format, and the first line of its docstring is shown in the
help of ``allegiance scan``. A module has ``recognizes(opening)``, which returns how sure it is that
a file is of the format (a ``Certainty``; True stands for ``LIKELY``), and ``read(path)``, which
yields the file's conversations. The surest format reads a file.
"""

__all__: list[str] = []
