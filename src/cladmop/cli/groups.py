"""Groups of options: one parameter of a verb that stands for several options of the command line."""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any

Verb = Callable[..., None]


def spread(verb: Verb) -> Verb:
    """Return a verb as Typer needs it, which takes every option by itself, from one that takes groups.

    A group is a parameter annotated with a dataclass whose fields are ``Annotated`` options. They stand in the help
    where the group stands in the signature.

    Parameters
    ----------
    verb
        Function whose parameters are options, arguments and groups.

    Raises
    ------
    ValueError
        If two of its options have the same name.
    """
    given = signature(verb).parameters.values()
    groups = {one.name: one.annotation for one in given if is_dataclass(one.annotation)}
    options = [option for one in given for option in _options(one)]

    @wraps(verb)
    def gathered(**values: Any) -> None:  # noqa: ANN401 (whatever the options are)
        verb(**{name: _gather(kind, values) for name, kind in groups.items()}, **values)

    gathered.__signature__ = Signature(options)  # type: ignore[attr-defined] # read by inspect.signature
    gathered.__annotations__ = {option.name: option.annotation for option in options}
    return gathered


def _gather(kind: Any, values: dict[str, Any]) -> object:  # noqa: ANN401 (a dataclass, whatever its options are)
    """Make a group of its options, and take those out of ``values``."""
    return kind(**{field.name: values.pop(field.name) for field in fields(kind)})


def _options(parameter: Parameter) -> Iterator[Parameter]:
    if not is_dataclass(parameter.annotation):
        yield parameter.replace(kind=Parameter.KEYWORD_ONLY)
        return
    for field in fields(parameter.annotation):
        yield Parameter(field.name, Parameter.KEYWORD_ONLY, default=_default(field), annotation=field.type)


def _default(field: "Field[Any]") -> object:
    return Parameter.empty if field.default is MISSING else field.default
