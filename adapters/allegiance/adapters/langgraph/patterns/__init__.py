"""The group patterns in LangGraph, one module each; ``build`` returns the compiled graph."""
