"""Scenarios: the study's situations as data, one file each; every text is our own."""
