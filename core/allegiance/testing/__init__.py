"""For people who write adapters, scenarios and probes: suites that certify them."""
