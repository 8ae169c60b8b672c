"""Control files by their meaning: what their settings say, whatever their format and spelling.

``content`` reads a file by its format, ``place`` finds a setting in it, ``strength`` compares two
contents, ``known`` folds what a trace shows of files, and ``effective`` reads the known files
together.
"""

__all__: list[str] = []
