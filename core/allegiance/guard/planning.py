"""What a call would do: its effects by the binding of its tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allegiance.guard.arguments import Arguments, copy_data, parse_args, read_args
from allegiance.guard.decider import LONG, Decider
from allegiance.trace.effects import Effect

if TYPE_CHECKING:
    from allegiance.bindings.binding import Binding


LONGEST_NAME = 8_000
"""Characters of the longest target or source of an effect in a call with long arguments: no file or
address has a longer name, and probes compare names with patterns part by part."""


def plan_effects(
    guard: Decider, binding: Binding, built_in: bool, arguments: Arguments
) -> tuple[Effect, ...]:
    """Return the effects of a call by its binding.

    Args:
        guard: Its limits apply.
        binding: The binding of the tool.
        built_in: Whether the binding is ours.
        arguments: The arguments of the call.

    Raises:
        ValueError: If the arguments are a string that is not a JSON object, or name something that
            no system has.
        Exception: Whatever the binding raises.
    """
    args = arguments.judged
    if isinstance(args, str):
        read = read_args(parse_args(args or "{}"), guard.longest_args)
        if read.problem is not None:
            raise ValueError(read.problem)
        args = read.passed
    # our own bindings need no limit, because tests/repository/test_readers.py shows that they read
    # any text in linear time; a long text may still take longer than allowed
    if built_in and arguments.size <= LONG:
        return binding.plan(args)
    if not built_in:
        args = copy_data(args)  # a function of a user's may change its argument
    plans: list[tuple[Effect, ...]] = []
    guard.time_limit(lambda: plans.append(binding.plan(args)))
    (planned,) = plans
    for effect in planned if arguments.size > LONG else ():
        longest = max(len(effect.target), len(effect.source or ""))
        if longest > LONGEST_NAME:
            raise ValueError(f"an effect's target or source has {longest:,} characters")
    return planned
