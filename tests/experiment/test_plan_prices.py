"""Prices: the list's own, the user's, and those that are unknown."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest

from allegiance.experiment import Price
from allegiance.run.prices import Expected, Use, cost, parse_prices, price


@pytest.fixture
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def use_of(model: str, calls: int, read: int, wrote: int, base_url: str | None = None) -> Expected:
    return Expected(model, base_url, 1, Use(calls, read, wrote), Use(calls, 2 * read, wrote))


@pytest.mark.usefixtures("_offline")
def test_listed_prices_are_the_lists_own() -> None:
    from genai_prices import Usage, calc_price

    estimate = cost(use_of("openai:gpt-4o", 10, 10_000, 500), {})
    listed = calc_price(Usage(input_tokens=1000, output_tokens=50), "gpt-4o", provider_id="openai")
    assert estimate.dollars == pytest.approx(10 * float(listed.total_price))
    assert "openai/gpt-4o, genai-prices " in estimate.source
    assert estimate.most is not None
    assert estimate.most > estimate.dollars > 0


@pytest.mark.usefixtures("_offline")
def test_many_small_calls_do_not_pay_the_price_of_a_large_one() -> None:
    small, _ = price("google:gemini-2.5-pro", Use(1000, 30_000_000, 0), {})
    large, _ = price("google:gemini-2.5-pro", Use(100, 30_000_000, 0), {})
    assert small is not None
    assert large is not None
    assert large > small


@pytest.mark.usefixtures("_offline")
def test_the_users_own_price_goes_first_and_no_price_is_not_nothing() -> None:
    own = {"openai:gpt-4o": Price(input=1, output=100)}
    assert cost(use_of("openai:gpt-4o", 1, 2_000_000, 10_000), own).dollars == pytest.approx(3.0)
    for model, base_url in (
        ("openai:nobody-has-this", None),
        ("nobody:gpt-4o", None),
        ("openai:gpt-4o", "http://127.0.0.1:8000/v1"),
    ):
        estimate = cost(use_of(model, 1, 1000, 10, base_url), {})
        assert (estimate.dollars, estimate.most) == (None, None)
        assert "give --price" in estimate.source
    assert cost(use_of("scripted:loyal", 1, 1000, 10), {}).dollars == 0


def test_without_a_price_list_only_ones_own_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    estimate = cost(use_of("openai:gpt-4o", 1, 1000, 10), {})
    assert estimate.dollars is None
    assert "pip install 'allegiance[plans]'" in estimate.source


def test_prices_on_the_command_line() -> None:
    assert parse_prices(["openai:a=b=1,2.5"]) == {"openai:a=b": Price(input=1, output=2.5)}
    for text in ("openai:x", "openai:x=1", "=1,2", "openai:x=1,two", "openai:x=-1,2", "x=1,inf"):
        with pytest.raises(Exception, match="is not of the form MODEL=IN,OUT"):
            parse_prices([text])
