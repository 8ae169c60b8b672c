"""Formats of other tools that ``allegiance export`` writes, one module each.

The name of a module is the name of its format, and the first line of its docstring is shown in the
help of ``allegiance export``. A module has ``write(run, path)``, which returns what it wrote, and
``DEFAULT``, the name of the file or folder. Modules that begin with an underscore are helpers.
"""

__all__: list[str] = []
