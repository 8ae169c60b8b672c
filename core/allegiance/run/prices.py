"""The price of tokens: the user's own prices, then those of the package ``genai-prices``.

The package contains its price list, so nothing is fetched. A model in neither has no price; it
never counts as free.
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
    """A number of model calls, and the tokens sent and received in them.

    Attributes:
        calls: Model calls.
        input: Tokens sent; every call sends the history again.
        output: Tokens received.
    """

    calls: int = 0
    input: int = 0
    output: int = 0

    def __add__(self, other: Use) -> Use:
        """Return the sum of both."""
        return Use(self.calls + other.calls, self.input + other.input, self.output + other.output)

    def __mul__(self, times: int) -> Use:
        """Return this use, several times."""
        return Use(self.calls * times, self.input * times, self.output * times)


@dataclass(frozen=True)
class Expected:
    """The expected use of one model of a plan.

    Attributes:
        model: The model, as named in the plan.
        base_url: Its endpoint; None for the provider's own.
        trials: The trials in which it has a role.
        use: Its use if every trial follows the loyal script.
        most: Its use if every trial continues to its limit of turns.
    """

    model: str
    base_url: str | None
    trials: int
    use: Use
    most: Use

    @property
    def scripted(self) -> bool:
        """Whether this is a scripted agent, which calls no provider and costs nothing."""
        return is_scripted(self.model)


@dataclass(frozen=True)
class Cost:
    """The cost of a model's use.

    Attributes:
        dollars: US dollars; None if the price is unknown.
        most: The same if every trial continues to its limit of turns.
        source: The source of the price, or why it is unknown.
    """

    dollars: float | None
    most: float | None
    source: str


def parse_prices(texts: Iterable[str]) -> dict[str, Price]:
    """Return the prices in ``MODEL=IN,OUT`` strings, in US dollars per million tokens.

    Raises:
        UserError: For a string of another form.
    """
    prices: dict[str, Price] = {}
    for text in texts:
        model, _, numbers = text.rpartition("=")
        try:
            sent, received = map(float, numbers.split(","))
            prices[model.strip()] = Price(input=sent, output=received)
        except ValueError:
            model = ""
        if not model.strip():
            raise UserError(
                f"--price {text!r} is not of the form MODEL=IN,OUT, in dollars per million "
                "tokens: --price openai:gpt-5.2=1.75,14"
            )
    return prices


def cost(expected: Expected, own: Mapping[str, Price]) -> Cost:
    """Return the cost of a model's expected use.

    Args:
        expected: The use.
        own: The user's own prices by model; they take precedence over the list.
    """
    model, base_url = expected.model, expected.base_url
    dollars, source = price(model, expected.use, own, base_url)
    most, _ = price(model, expected.most, own, base_url)
    return Cost(dollars, most, source)


def price(
    model: str, use: Use, own: Mapping[str, Price], base_url: str | None = None
) -> tuple[float | None, str]:
    """Return the price of a use in US dollars, None if unknown, and the source of the price.

    Some prices depend on the size of a call, so the mean call is priced.

    Args:
        model: The model, as ``provider:model``; a scripted agent costs nothing.
        use: The use.
        own: The user's own prices by model.
        base_url: The endpoint, which decides the provider; None for the provider in the name.
    """
    if is_scripted(model):
        return 0.0, "scripted"
    if model in own:
        rate = own[model]
        dollars = (use.input * rate.input + use.output * rate.output) / MILLION
        return dollars, f"${rate.input:g} in, ${rate.output:g} out: your own"
    try:
        from genai_prices import Usage, __version__, calc_price
    except ModuleNotFoundError:
        return None, f"no price list: {install('plans')}, or --price"
    provider, _, name = model.partition(":")
    calls = max(1, use.calls)
    mean = Usage(input_tokens=use.input // calls, output_tokens=use.output // calls)
    try:
        if base_url:
            priced = calc_price(mean, name, provider_api_url=base_url)
        else:
            priced = calc_price(mean, name, provider_id=provider)
    except LookupError:
        return None, f"not in genai-prices {__version__}: give --price"
    listed = f"{priced.model_price}".split(", ")
    rates = ", ".join(r for r in listed if "/input MTok" in r or "/output MTok" in r)
    key = f"{priced.provider.id}/{priced.model.id}, genai-prices {__version__}"
    return float(priced.total_price) * calls, f"{rates}: {key}"
