"""The guard for LangGraph: the same hooks as for LangChain, whose agents are graphs, too."""

from allegiance.adapters.langchain.guard import GuardHandler as GuardHandler
from allegiance.adapters.langchain.guard import GuardMiddleware as GuardMiddleware

__all__ = ["GuardHandler", "GuardMiddleware"]
