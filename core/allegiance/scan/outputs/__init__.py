"""The files of a scan for other tools, one module each: ``render(report)`` returns the document."""

__all__: list[str] = []
