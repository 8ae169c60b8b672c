"""Test suites that certify adapters, scenarios and probes of others."""
