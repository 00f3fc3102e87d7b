"""What the two processes of a sandbox say to each other: values as JSON, and calls of what is no value."""

from __future__ import annotations

import builtins
import importlib
import json
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST = 8 * 1024**2
"""Bytes a message may have."""

# Values of the standard library that are made again from their parts, by the name of their class.
_MADE = {
    "builtins.complex",
    "builtins.range",
    "datetime.date",
    "datetime.datetime",
    "datetime.time",
    "datetime.timedelta",
    "datetime.timezone",
    "decimal.Decimal",
    "fractions.Fraction",
}
_SMALL = 2**53
_MUTABLE = (list, dict, set, bytearray)


class Broken(BaseException):
    """The other process is gone, or sent what is no message."""


class Unsendable(Exception):
    """A value that cannot leave this process."""


class Withheld(BaseException):
    """A value that cannot leave the other process. The message says which."""


NOT_PACKED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What unpacking raises for what was not packed."""


class Peer:
    """One end: asks the other for operations, and carries out what is asked of it while it waits.

    Values travel as their data, of subclasses too: a list is a list on the other side, whatever its class
    says of equality. What is no data, such as a function, stays where it is; the other side gets a handle
    for it, as `stand_in` wraps it.
    """

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._objects: list[Any] = []

    def ask(self, operation: str, /, *values: Any, **named: Any) -> Any:
        """What `operation` gives on the other side; raises what it raises there.

        Mutable arguments come back as they were left, as a caller in the same process would see them.

        Raises:
            Broken: The other side ended or broke the rules.
            Unsendable: A value cannot be sent.
            Withheld: What it gives cannot be sent back.
        """
        self._send(["ask", operation, [self.pack(value) for value in values], self.pack(named)])
        message = self.serve()
        try:
            match message:
                case ["give", packed, list(changes)]:
                    for place, changed in changes:
                        _set(values[place], self.unpack(changed))
                    return self.unpack(packed)
                case ["raise", list(names), packed]:
                    error = [str(name) for name in names], tuple(self.unpack(packed))
                case ["withheld", str(what)]:
                    raise Withheld(what)
                case _:
                    raise Broken
        except NOT_PACKED as why:
            raise Broken from why
        raise self.error(*error)

    def serve(self) -> list[Any]:
        """Carries out what is asked, up to the first message that asks nothing, and gives that."""
        while True:
            message = self._receive()
            match message:
                case ["ask", str(operation), list(packed), named]:
                    try:
                        self._send(self._answer(operation, packed, named))
                    except Unsendable as error:
                        self._send(self.withheld(str(error)))
                case _:
                    return message

    def _answer(self, operation: str, packed: list[Any], named: Any) -> list[Any]:
        try:
            values, options = [self.unpack(value) for value in packed], self.unpack(named)
        except NOT_PACKED as error:
            raise Broken from error
        try:
            result = self.carry_out(operation, values, options)
        except Broken:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever foreign code raises is news for the other side
            return self._failure(error)  # its own Unsendable, too, whether it made or imported that
        try:
            given, changes = self.pack(result), []
            for place, value in enumerate(values):
                if isinstance(value, _MUTABLE) and (now := self.pack(value)) != packed[place]:
                    changes.append([place, now])
        except Unsendable as error:
            return self.withheld(str(error))
        except BaseException as error:  # noqa: BLE001 - a class may have a word in how it is packed
            return self._failure(error)
        return ["give", given, changes]

    def withheld(self, what: str) -> list[Any]:
        """What to tell the other side where `what` it asked for cannot be sent."""
        return ["withheld", what]

    def _failure(self, error: BaseException) -> list[Any]:
        try:
            return ["raise", _names(error), self.pack(error.args)]
        except BaseException:  # noqa: BLE001 - its arguments are foreign, too
            return ["raise", _names(error), ["tuple", []]]

    def carry_out(self, operation: str, values: list[Any], named: dict[str, Any]) -> Any:
        """Does what the other side asks."""
        raise NotImplementedError

    def is_own(self, kind: type) -> bool:
        """Whether what runs here made the class itself, as the other side is told with an object of it."""
        return False

    def stand_in(self, handle: int, kind: str, *, own: bool) -> Any:
        """What represents here an object that stayed on the other side; `own`, where its class is, too."""
        raise NotImplementedError

    def handle_of(self, value: Any) -> int | None:
        """The handle of an object of the other side that `value` represents, or None."""
        raise NotImplementedError

    def keep(self, value: Any) -> int:
        """Keeps what is no data, for the other side to ask about by its handle."""
        self._objects.append(value)
        return len(self._objects) - 1

    def error(self, names: list[str], arguments: tuple[Any, ...]) -> BaseException:
        """What to raise here for an error on the other side. `names` are its class's and its bases'."""
        for place in range(len(names)):
            try:
                return error_class(names[place:])(*arguments)
            except (TypeError, ValueError):  # a class that takes other arguments, a name that is none
                continue
        return Exception(*arguments)

    def pack(self, value: Any) -> Any:
        """`value` as JSON has it.

        Raises:
            Unsendable: It is nested too deeply, or holds itself.
        """
        try:
            return self._pack(value)
        except RecursionError:
            raise Unsendable("a value that is nested too deeply") from None

    def _pack(self, value: Any) -> Any:
        if value is None or value is True or value is False:
            return value
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            number = int.__pos__(value)
            return number if -_SMALL < number < _SMALL else ["int", hex(number)]
        if isinstance(value, float):
            return float.__pos__(value)
        if isinstance(value, list):
            return ["list", [self._pack(item) for item in list.__iter__(value)]]
        if isinstance(value, tuple):
            return ["tuple", [self._pack(item) for item in tuple.__iter__(value)]]
        if isinstance(value, dict):
            return ["dict", [[self._pack(key), self._pack(item)] for key, item in dict.items(value)]]
        if isinstance(value, set):
            return ["set", [self._pack(item) for item in set.__iter__(value)]]
        if isinstance(value, frozenset):
            return ["frozenset", [self._pack(item) for item in frozenset.__iter__(value)]]
        if isinstance(value, bytes | bytearray):
            return ["bytes" if isinstance(value, bytes) else "bytearray", bytes(value).decode("latin-1")]
        return self._pack_other(value)

    def _pack_other(self, value: Any) -> Any:
        kind = type(value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        if name in _MADE:
            parts = (value.real, value.imag) if kind is complex else value.__reduce__()[1]
            return ["made", name, self._pack(parts)]
        if isinstance(value, type):
            kind = value
            if issubclass(value, BaseException):
                return ["error", [base.__name__ for base in value.__mro__]]
            if vars(builtins).get(kind.__name__) is value:
                return ["type", kind.__name__]
        if (handle := self.handle_of(value)) is not None:
            return ["yours", handle]
        return ["mine", self.keep(value), kind.__name__, self.is_own(kind)]

    def unpack(self, packed: Any) -> Any:
        """The value that `pack` wrote on the other side; whatever was written, it is data or a stand-in.

        Raises:
            Exception: One of `NOT_PACKED`, for what `pack` does not write.
        """
        if not isinstance(packed, list):
            return packed
        match packed:
            case ["int", str(digits)]:
                return int(digits, 16)
            case ["list", list(items)]:
                return [self.unpack(item) for item in items]
            case ["tuple", list(items)]:
                return tuple(self.unpack(item) for item in items)
            case ["dict", list(pairs)]:
                return {self.unpack(key): self.unpack(value) for key, value in pairs}
            case ["set", list(items)]:
                return {self.unpack(item) for item in items}
            case ["frozenset", list(items)]:
                return frozenset(self.unpack(item) for item in items)
            case ["bytes", str(text)]:
                return text.encode("latin-1")
            case ["bytearray", str(text)]:
                return bytearray(text.encode("latin-1"))
            case ["made", str(name), parts] if name in _MADE:
                module, _, kind = name.rpartition(".")
                return getattr(importlib.import_module(module), kind)(*self.unpack(parts))
            case ["error", list(names)]:
                return error_class([str(name) for name in names])
            case ["type", str(name)] if isinstance(getattr(builtins, name), type):
                return getattr(builtins, name)
            case ["yours", int(handle)] if handle >= 0:
                return self._objects[handle]
            case ["mine", int(handle), str(kind), bool(own)]:
                return self.stand_in(handle, kind, own=own)
        raise ValueError("no value")

    def tell(self, *message: str) -> None:
        """Says something that asks nothing."""
        self._send(list(message))

    def told(self) -> list[Any]:
        """The next thing that the other side says."""
        return self._receive()

    def _send(self, message: list[Any]) -> None:
        data = json.dumps(message).encode("ascii")
        if len(data) > LONGEST:
            raise Unsendable(f"a value of more than {LONGEST // 1024**2} MB")
        data = struct.pack("<I", len(data)) + data
        try:
            while data:
                data = data[os.write(self._writes, data) :]
        except OSError as error:
            raise Broken from error

    def _receive(self) -> list[Any]:
        (length,) = struct.unpack("<I", self._exactly(4))
        if length > LONGEST:
            raise Broken
        try:
            message = json.loads(self._exactly(length))
        except (ValueError, RecursionError) as error:
            raise Broken from error
        if not isinstance(message, list):
            raise Broken
        return message

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            try:
                part = os.read(self._reads, min(count, 65_536))
            except OSError as error:
                raise Broken from error
            if not part:
                raise Broken
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


_errors: dict[str, type[Exception]] = {}


def error_class(names: list[str]) -> type[Exception]:
    """The built-in exception of the first name, or one of that name, made here below its built-in base."""
    for name in names:
        found = getattr(builtins, name, None)
        if isinstance(found, type) and issubclass(found, Exception):
            if name == names[0]:
                return found
            return _errors.setdefault(names[0], type(names[0], (found,), {}))
    raise ValueError("no exception")


def _names(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def _set(target: Any, value: Any) -> None:
    """Gives a mutable argument what it holds on the other side."""
    if isinstance(target, list | bytearray):
        target[:] = value
    elif isinstance(target, dict | set):
        target.clear()
        target.update(value)
