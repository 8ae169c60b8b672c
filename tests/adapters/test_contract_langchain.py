from allegiance.adapters.langchain.adapter import ADAPTER
from allegiance.testing.adapter_contract import AdapterContract


class TestLangChain(AdapterContract):
    adapter = ADAPTER
