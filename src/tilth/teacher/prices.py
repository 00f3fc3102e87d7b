"""What tokens cost: exact money in integer nano-dollars, from bundled prices or the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Context, Decimal, InvalidOperation
from importlib.metadata import version
from typing import Any

from tilth.arguments import kind_of

_LOOKED_UP = "genai-prices"
_EXACT = Context(prec=60)
_NANO_PER_TOKEN = Decimal(1000)  # one dollar per million tokens is 1,000 nano-dollars per token


@dataclass(frozen=True, slots=True)
class Price:
    """What a model's tokens cost.

    Attributes:
        prompt: US dollars per million prompt tokens.
        completion: US dollars per million completion tokens.
        source: Who says so.
        date: The day the price was looked up, ISO 8601; empty where nobody looked it up.

    Example:
        >>> tilth.Price(prompt=0.40, completion=1.60).nano_dollars(1_000, 500)
        1200000
    """

    prompt: Decimal
    completion: Decimal
    source: str = "user"
    date: str = ""

    def __post_init__(self) -> None:
        for name in ("prompt", "completion"):
            value = getattr(self, name)
            try:
                # str first: Decimal(0.4) is not the 0.4 that a user wrote.
                amount = value if isinstance(value, Decimal) else Decimal(str(value))
            except InvalidOperation:
                raise TypeError(
                    f"Price({name}) is {kind_of(value)}; pass US dollars per million tokens, as a number"
                ) from None
            if not amount.is_finite() or amount < 0:
                raise ValueError(f"Price: {name}={value} is no price; pass US dollars per million tokens")
            object.__setattr__(self, name, amount)

    @classmethod
    def restored(cls, stored: object) -> Price | None:
        """The price a user gave, of what `to_json` told; None for one to look up again, or that is unknown.

        What was looked up holds of a day and an address, and a run may go on later and elsewhere.
        """
        told = stored if isinstance(stored, Mapping) else {}
        source, date = (told.get(name) for name in ("source", "date"))
        if not isinstance(source, str) or not isinstance(date, str) or source.startswith(_LOOKED_UP):
            return None
        try:
            return cls(Decimal(told["prompt"]), Decimal(told["completion"]), source, date)
        except (KeyError, TypeError, ValueError, ArithmeticError):
            return None  # an older file has no amounts, and anyone's may hold anything

    def to_json(self) -> dict[str, str]:
        """The price as a run's file keeps it."""
        amounts = {"prompt": str(self.prompt), "completion": str(self.completion)}
        return {**amounts, "source": self.source, "date": self.date}

    def nano_dollars(self, prompt_tokens: int, completion_tokens: int) -> int:
        """The cost of one call in nano-dollars (1e-9 US dollars), rounded up."""
        dollars_per_million = _EXACT.add(
            _EXACT.multiply(self.prompt, prompt_tokens), _EXACT.multiply(self.completion, completion_tokens)
        )
        nano = _EXACT.multiply(dollars_per_million, _NANO_PER_TOKEN)
        return int(nano.to_integral_value(rounding=ROUND_CEILING, context=_EXACT))


def find(model: str, base_url: str) -> Price | None:
    """The price of `model` at `base_url` by the `genai-prices` package's own data, or None for unknown.

    Nothing is downloaded. Prices that depend on more than the number of tokens (fees per request) count
    as unknown; where a price rises with the prompt's length, the price of short prompts is taken and
    `source` says up to which length it holds.
    """
    from genai_prices.data_snapshot import get_snapshot

    now = datetime.now(UTC)
    try:
        provider, info = get_snapshot().find_provider_model(model, None, None, base_url)
    except LookupError:
        return None
    prices = {name: value for name, value in vars(info.get_prices(now)).items() if value is not None}
    prompt, completion = prices.get("input_mtok"), prices.get("output_mtok")
    if prompt is None or completion is None or "requests_kcount" in prices:
        return None
    source = f"{_LOOKED_UP} {version('genai-prices')}: {provider.id} {info.id}"
    longest = [tier.start for price in (prompt, completion) for tier in getattr(price, "tiers", ())]
    if longest:
        source += f", prompts up to {min(longest):,} tokens"
    return Price(_base(prompt), _base(completion), source=source, date=now.date().isoformat())


def _base(price: Any) -> Decimal:
    base: Decimal = getattr(price, "base", price)
    return base
