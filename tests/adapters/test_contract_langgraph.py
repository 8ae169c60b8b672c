from allegiance.adapters.langgraph.adapter import ADAPTER
from allegiance.testing.adapter_contract import AdapterContract


class TestLangGraph(AdapterContract):
    adapter = ADAPTER
