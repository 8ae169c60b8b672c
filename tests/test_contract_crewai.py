from allegiance.adapters.crewai import ADAPTER
from allegiance.testing.contract import AdapterContract


class TestCrewAI(AdapterContract):
    adapter = ADAPTER
