from allegiance.adapters.autogen.adapter import ADAPTER
from allegiance.testing.adapter_contract import AdapterContract


class TestAutoGen(AdapterContract):
    adapter = ADAPTER
