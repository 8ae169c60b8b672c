from allegiance.adapters.autogen import ADAPTER
from allegiance.testing.contract import AdapterContract


class TestAutoGen(AdapterContract):
    adapter = ADAPTER
