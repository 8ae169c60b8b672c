"""Suites that certify adapters, for people who write them.

A test file subclasses ``AdapterContract``, and pytest collects the rest.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.testing.adapter_contract import AdapterContract as AdapterContract
else:
    __getattr__ = attach(__name__, adapter_contract=("AdapterContract",))

__all__ = ["AdapterContract"]
