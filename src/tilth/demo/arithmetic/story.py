"""Reads a question as a story: things come and go, some of them so many each, and then something is asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from tilth.demo.arithmetic.expression import Expression, Number, add, constant, divide, multiply, subtract
from tilth.demo.arithmetic.schemas import number
from tilth.demo.arithmetic.text import Quantity, Text, cues


@dataclass(slots=True)
class _Term:
    """A product of quantities that comes (+) or goes (-)."""

    first: Quantity
    factors: list[Number]
    gain: bool = True

    def expression(self) -> Expression:
        product: Expression = self.factors[0]
        for factor in self.factors[1:]:
            product = multiply(product, factor)
        return product


@dataclass(slots=True)
class _Story:
    """What has been understood so far."""

    text: Text
    terms: list[_Term] = field(default_factory=list)
    rates: list[Quantity] = field(default_factory=list)
    divisor: Quantity | None = None
    used: set[int] = field(default_factory=set)

    def following(self, quantity: Quantity) -> Quantity | None:
        """The next quantity of the same sentence, if nothing has taken it yet."""
        slot = quantity.slot + 1
        if slot >= len(self.text.quantities) or slot in self.used:
            return None
        found = self.text.quantities[slot]
        return found if found.sentence == quantity.sentence else None


def fold(text: Text) -> Expression | None:
    """The equation of the whole story, or None where it holds no calculation."""
    story = _Story(text)
    rates = {quantity.slot for quantity in text.quantities if _is_rate(quantity)}
    for quantity in text.quantities:
        if quantity.slot in story.used:
            continue
        story.used.add(quantity.slot)
        if quantity.slot and _is_divisor(text, quantity):
            story.divisor = quantity
        elif quantity.slot in rates:
            _take_rate(story, quantity, rates)
        else:
            _take_count(story, quantity, rates)
    return _duration(story) or _ask(story)


def _is_rate(quantity: Quantity) -> bool:
    """Whether it says how many each has, costs or takes."""
    said = cues()
    if _gives_each(quantity) or (said.opens(quantity.right, "time") and said.closes(quantity.left, "during")):
        return False
    if said.opens(quantity.right, "each", within=3):
        return True
    # "Each of the lamps in the hall costs $7": a price stands further from its "each" than a count does.
    reach = 8 if quantity.money else 4
    return said.closes(quantity.left, "each before", within=reach) and not said.closes(
        quantity.left, "each of"
    )


def _gives_each(quantity: Quantity) -> bool:
    return cues().opens(quantity.right, "each gives", within=2)


def _is_divisor(text: Text, quantity: Quantity) -> bool:
    """Whether the story is shared among so many, or packed so many at a time."""
    said, sentence = cues(), text.sentences[quantity.sentence].words
    parting = said.has(sentence, "share") or said.has(sentence, "pack")
    if parting and (said.closes(quantity.left, "into") or said.closes(quantity.left, "containers of")):
        return True
    if said.closes(quantity.left, "if") and said.has(quantity.after, "share"):
        return True
    if not said.has(text.asked, "containers asked"):
        return False
    return said.closes(quantity.left, "fits") or (
        said.closes(quantity.left, "pack") and said.opens(quantity.right, "each before", within=3)
    )


def _take_rate(story: _Story, rate: Quantity, rates: set[int]) -> None:
    said = cues()
    partner = _times(story, rate, rates)
    if partner is not None:
        story.used.add(partner.slot)
        story.terms.append(_term(story, rate, [rate, partner]))
        return
    only = story.terms[0] if len(story.terms) == 1 else None
    asks = story.text.sentences[rate.sentence].asks
    holds = only is not None and len(only.factors) == 1 and not said.has(rate.left, "lose")
    if (
        holds
        and not rate.money
        and not asks
        and only is not None
        and not said.has(story.text.asked, "time asked")
    ):
        only.factors.append(number(rate))
    else:
        story.rates.append(rate)


def _times(story: _Story, rate: Quantity, rates: set[int]) -> Quantity | None:
    """How often the rate counts: "for 5 hours", "to each of 7", or a time that is named later."""
    said, following = cues(), story.following(rate)
    if following is not None and following.slot not in rates:
        asks = story.text.sentences[rate.sentence].asks
        led = said.closes(following.left, "during") or said.closes(following.left, "each of")
        if led or (asks and said.closes(rate.left, "each before", within=4)):
            return following
    for later in story.text.quantities[rate.slot + 1 :]:
        if later.slot not in story.used and later.slot not in rates and said.opens(later.right, "time"):
            return later
    return None


def _take_count(story: _Story, count: Quantity, rates: set[int]) -> None:
    members = [count]
    following = story.following(count)
    if following is not None and not following.percent and _belongs(count, following, rates):
        story.used.add(following.slot)
        members.append(following)
    story.terms.append(_term(story, count, members))


def _belongs(count: Quantity, following: Quantity, rates: set[int]) -> bool:
    """Whether "5 boxes of 12", "5 pens at $2 each", "6 friends each gave 3" or "2 to each of 7"."""
    said = cues()
    if said.opens(count.right, "time") and following.slot in rates and said.closes(count.left, "during"):
        return False
    if count.money and following.money:
        return False
    if said.has(count.right, "break") and not said.closes(following.left, "each before", within=4):
        return False
    grouped = said.opens(count.right, "group of") and len(count.right.split()) <= 3
    given = said.closes(count.left, "each of") and said.has(count.right, "receives")
    return (
        following.slot in rates
        or grouped
        or given
        or _gives_each(count)
        or said.closes(following.left, "each of")
    )


def _term(story: _Story, first: Quantity, members: list[Quantity]) -> _Term:
    said = cues()
    factors = [number(member) for member in members]
    if said.opens(first.right, "dozen"):
        factors.append(constant(12))
    weekly = any(said.opens(member.right, "weeks") for member in members)
    if weekly and len(members) > 1 and said.has(story.text.words, "daily"):
        factors.append(constant(7))
    return _Term(first, factors, gain=_gains(story, first))


def _gains(story: _Story, quantity: Quantity) -> bool:
    """Whether the quantity comes rather than goes, by the nearest verb."""
    if not story.terms:
        return True
    said, text, left = cues(), story.text, quantity.left
    hero = text.names[0] if text.names else ""
    receiver = left.split()[-1:] in ([hero], ["him"], ["her"], ["them"])
    if (receiver and said.closes(left, "gave to", within=1)) or said.has(quantity.right, "each gives"):
        return True
    if said.has(quantity.after, "lost after"):
        return False
    lost, gained = said.last(left, "lose"), said.last(left, "gain")
    if lost >= 0 or gained >= 0:
        return gained > lost
    if said.has(quantity.right, "lose") or said.has(quantity.right, "gain"):
        return said.has(quantity.right, "gain")
    if story.terms[-1].first.sentence == quantity.sentence:
        return story.terms[-1].gain
    return not said.has(text.asked, "money left asked")


def _duration(story: _Story) -> Expression | None:
    """How long a stock lasts, or how many containers hold it."""
    said, text = cues(), story.text
    if len(story.terms) != 1 or len(story.rates) != 1 or story.divisor is not None:
        return None
    if len(story.terms[0].factors) != 1:
        return None
    if not (said.has(text.asked, "time asked") or said.has(text.asked, "containers asked")):
        return None
    stock, rate = story.terms[0].factors[0], number(story.rates[0])
    return divide(stock, rate) if stock.value >= rate.value else divide(rate, stock)


def _ask(story: _Story) -> Expression | None:
    """The sum of what came and went, changed as the question asks."""
    said, text = cues(), story.text
    if not story.terms:
        if len(story.rates) < 2:
            return None
        first, second, *_ = story.rates
        return multiply(number(first), number(second))
    total = _unit_price(story) or _purse(story) or _total(story)
    if story.divisor is not None:
        others = number(story.divisor)
        if said.closes(story.divisor.left, "with self"):
            return divide(total, add(others, constant(1)))
        return divide(total, others)
    for rate in story.rates:
        priced = rate.money or said.has(text.asked, "value asked")
        shared = said.has(text.words, "share") or said.has(text.words, "pack")
        total = divide(total, number(rate)) if shared and not priced else multiply(total, number(rate))
    return total if not isinstance(total, Number) else None


def _unit_price(story: _Story) -> Expression | None:
    """Two plain quantities and "each" in the question: the larger, shared over the smaller."""
    said, text = cues(), story.text
    if story.rates or story.divisor is not None or len(story.terms) != 2:
        return None
    if any(len(term.factors) > 1 for term in story.terms):
        return None
    if not said.has(text.asked, "each before"):
        return None
    small, large = sorted((term.factors[0] for term in story.terms), key=lambda factor: factor.value)
    money = [term.factors[0] for term in story.terms if term.first.money]
    if len(money) == 1:
        (count,) = (factor for factor in (small, large) if factor is not money[0])
        return divide(money[0], count)
    return divide(large, small)


def _purse(story: _Story) -> Expression | None:
    """What is left of the largest sum of money after all prices are paid."""
    said, text = cues(), story.text
    sums = [term for term in story.terms if len(term.factors) == 1 and term.first.money]
    if not sums or not said.has(text.asked, "money left asked"):
        return None
    purse = max(sums, key=lambda term: term.factors[0].value)
    left = purse.expression()
    for term in story.terms:
        if term is not purse:
            left = subtract(left, term.expression())
    return left


def _total(story: _Story) -> Expression:
    """Terms in order, doubled or halved where the story says so."""
    changes = [
        (index, change)
        for index, sentence in enumerate(story.text.sentences)
        for change in _changes(sentence.words)
        if index > story.terms[0].first.sentence
        and not any(quantity.sentence == index for quantity in story.text.quantities)
    ]
    total = story.terms[0].expression()
    for term in story.terms[1:]:
        while changes and changes[0][0] < term.first.sentence:
            total = _changed(total, changes.pop(0)[1])
        total = (add if term.gain else subtract)(total, term.expression())
    for _, change in changes:
        total = _changed(total, change)
    return total


def _changes(words: str) -> list[str]:
    return [
        change for change in ("doubled", "tripled", "halved", "third", "quarter") if cues().has(words, change)
    ]


def _changed(total: Expression, change: str) -> Expression:
    if change in ("doubled", "tripled"):
        return multiply(total, constant(2 if change == "doubled" else 3))
    if change == "halved":
        return divide(total, constant(2))
    parts = constant(3 if change == "third" else 4)
    return subtract(total, divide(total, parts))
