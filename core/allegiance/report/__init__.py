"""The report: one self-contained page for a run, and a read-only server for a folder of runs."""

__all__: list[str] = []
