"""Commands that take groups of options: a dataclass declares a group once, for every command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import update_wrapper
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that has the fields of its dataclass parameters as options.

    Typer reads options from the signature of a function and has no groups. The signature of the
    returned function lists every field (``Annotated[type, typer.Option(...)]``) as a parameter; a
    call collects the values into the dataclasses again.

    Args:
        command: A function whose parameters are Typer's own or have a dataclass as their type.

    Raises:
        TypeError: If two groups declare the same option.
    """
    hints = get_type_hints(command, include_extras=True)
    hints.pop("return", None)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[Parameter] = []
    for name, parameter in signature(command).parameters.items():
        if name in groups:
            parameters += _parameters(groups[name])
        else:
            kind = Parameter.KEYWORD_ONLY
            parameters.append(parameter.replace(annotation=hints[name], kind=kind))
    names = [parameter.name for parameter in parameters]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TypeError(f"two groups of options declare {', '.join(twice)}")

    def collect(**values: Any) -> None:
        collected = {
            name: group(**{field.name: values.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**collected, **values)

    update_wrapper(collect, command)
    del collect.__wrapped__  # type: ignore[attr-defined]  # Typer would read the hints of it
    collect.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    collect.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return collect


def _parameters(group: Any) -> Iterator[Parameter]:
    """Yield one parameter for each field of a dataclass."""
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        yield Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=_default(field),
            annotation=hints[field.name],
        )


def _default(field: Field[Any]) -> Any:
    return Parameter.empty if field.default is MISSING else field.default
