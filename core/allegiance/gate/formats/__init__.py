"""The gate's formats for other tools, one module each: ``render(report)`` returns the document.

The name of a module is the name of its format, and the first line of its docstring is shown in the
help of ``allegiance gate``. Modules that begin with an underscore are helpers.
"""

__all__: list[str] = []
