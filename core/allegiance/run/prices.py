"""What tokens cost: the user's own prices, else those of the package ``genai-prices``.

The package carries its price list with it, so nothing is fetched. A model that neither knows has no
price; it is never taken to cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from allegiance.errors import UserError, install
from allegiance.experiment.limits import Price
from allegiance.trace.model_names import is_scripted

MILLION = 1_000_000


@dataclass(frozen=True)
class Use:
    """Model calls, and the tokens that are sent and received in them.

    Attributes:
        calls: Model calls.
        input: Tokens sent, history resent with every call.
        output: Tokens received.
    """

    calls: int = 0
    input: int = 0
    output: int = 0

    def __add__(self, other: Use) -> Use:
        """Return the sum of both."""
        return Use(self.calls + other.calls, self.input + other.input, self.output + other.output)

    def __mul__(self, times: int) -> Use:
        """Return the use of so many."""
        return Use(self.calls * times, self.input * times, self.output * times)


@dataclass(frozen=True)
class Expected:
    """What one model of a plan will use.

    Attributes:
        model: The model, as named in the plan.
        base_url: Its endpoint, if one was given.
        trials: The trials in which it sits in a role.
        use: What it uses if every trial goes as the loyal script does.
        most: What it uses if every trial goes on to its limit of turns.
    """

    model: str
    base_url: str | None
    trials: int
    use: Use
    most: Use

    @property
    def scripted(self) -> bool:
        """Whether it is a scripted agent, which calls nobody and costs nothing."""
        return is_scripted(self.model)


@dataclass(frozen=True)
class Cost:
    """What a model's use costs.

    Attributes:
        dollars: US dollars, or None where no price is known.
        most: The same if every trial goes on to its limit of turns.
        source: Where the price is from, or why there is none.
    """

    dollars: float | None
    most: float | None
    source: str


def parse_prices(texts: Iterable[str]) -> dict[str, Price]:
    """Read ``MODEL=IN,OUT`` texts, in US dollars for a million tokens.

    Raises:
        UserError: For a text of another form.
    """
    prices: dict[str, Price] = {}
    for text in texts:
        model, _, numbers = text.rpartition("=")
        try:
            given, taken = map(float, numbers.split(","))
            prices[model.strip()] = Price(input=given, output=taken)
        except ValueError:
            model = ""
        if not model.strip():
            raise UserError(
                f"--price {text!r} is not of the form MODEL=IN,OUT, in dollars for a million "
                "tokens: --price openai:gpt-5.2=1.75,14"
            )
    return prices


def cost(expected: Expected, own: Mapping[str, Price]) -> Cost:
    """Return what a model's expected use costs.

    Args:
        expected: What it uses.
        own: The user's own prices by model; they go before the list.
    """
    model, base_url = expected.model, expected.base_url
    dollars, source = price(model, expected.use, own, base_url)
    most, _ = price(model, expected.most, own, base_url)
    return Cost(dollars, most, source)


def price(
    model: str, use: Use, own: Mapping[str, Price], base_url: str | None = None
) -> tuple[float | None, str]:
    """Return the price of some use in US dollars, None if unknown, and where it is from.

    Some prices depend on the size of one call, so it is the mean call that is priced.

    Args:
        model: The model, as ``provider:model``; a scripted agent costs nothing.
        use: What was used.
        own: The user's own prices by model.
        base_url: The endpoint, if one was given: its provider is then told by it.
    """
    if is_scripted(model):
        return 0.0, "scripted"
    if model in own:
        mine = own[model]
        dollars = (use.input * mine.input + use.output * mine.output) / MILLION
        return dollars, f"${mine.input:g} in, ${mine.output:g} out: your own"
    try:
        from genai_prices import Usage, __version__, calc_price
    except ModuleNotFoundError:
        return None, f"no price list: {install('plans')}, or --price"
    provider, _, name = model.partition(":")
    calls = max(1, use.calls)
    mean = Usage(input_tokens=use.input // calls, output_tokens=use.output // calls)
    try:
        if base_url:
            found = calc_price(mean, name, provider_api_url=base_url)
        else:
            found = calc_price(mean, name, provider_id=provider)
    except LookupError:
        return None, f"not in genai-prices {__version__}: give --price"
    listed = f"{found.model_price}".split(", ")
    rates = ", ".join(r for r in listed if "/input MTok" in r or "/output MTok" in r)
    key = f"{found.provider.id}/{found.model.id}, genai-prices {__version__}"
    return float(found.total_price) * calls, f"{rates}: {key}"
