"""Adapters: one file per framework; each plays a stage as a native app."""
