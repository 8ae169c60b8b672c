"""Traces from elsewhere: read in their own formats, merged, and replayed past a guard."""

__all__: list[str] = []
