from allegiance.adapters.langgraph import ADAPTER
from allegiance.testing.contract import AdapterContract


class TestLangGraph(AdapterContract):
    adapter = ADAPTER
