"""The scenarios that ship with allegiance, one module each: the study's situations as data.

Every text in them is our own.
"""

__all__: list[str] = []
