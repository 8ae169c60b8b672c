from allegiance.adapters.crewai.adapter import ADAPTER
from allegiance.testing.adapter_contract import AdapterContract


class TestCrewAI(AdapterContract):
    adapter = ADAPTER
