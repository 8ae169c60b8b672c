"""The guard in LangGraph: the same hooks as in LangChain, whose agents are graphs too."""

from allegiance.adapters.langchain.guard import (
    GuardHandler as GuardHandler,
)
from allegiance.adapters.langchain.guard import (
    GuardMiddleware as GuardMiddleware,
)

__all__ = ["GuardHandler", "GuardMiddleware"]
