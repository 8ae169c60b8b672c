"""Formats of traces, one module a format."""
