from allegiance.adapters.langchain import ADAPTER
from allegiance.testing.contract import AdapterContract


class TestLangChain(AdapterContract):
    adapter = ADAPTER
