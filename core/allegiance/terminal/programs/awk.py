"""awk, as mawk has it."""

from __future__ import annotations

from allegiance.reading import TooLong
from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import FileError
from allegiance.terminal.options import UsageError
from allegiance.terminal.programs._awk_lexer import AwkError
from allegiance.terminal.programs._awk_parser import parse_awk
from allegiance.terminal.programs._awk_run import Machine
from allegiance.terminal.programs._awk_state import unescaped
from allegiance.terminal.programs._awk_values import InputText


def _awk(call: Call) -> int:
    options = call.options("F,field-separator= v,assign= f,file= W= version", first=True)
    operands = list(options.operands)
    try:
        sources = [call.read(path).text for path in options.all("f")]
    except FileError as error:
        return call.error(f"couldn't open file {options.get('f')}: {error}", 2)
    if not sources:
        if not operands:
            raise UsageError("usage: awk [-F value] [-v var=value] 'program text' [file ...]")
        sources = [operands.pop(0)]
    try:
        machine = Machine(call, parse_awk("\n".join(sources)), operands)
        if options.has("F"):
            separator = options.get("F")
            machine.globals["FS"] = "\t" if separator == "t" else unescaped(separator)
        for assignment in options.all("v"):
            name, equals, value = assignment.partition("=")
            if not equals or not name.isidentifier():
                raise AwkError(f"improper assignment: -v {assignment}")
            machine.globals[name] = InputText(unescaped(value))
    except (AwkError, TooLong) as error:
        return call.error(str(error), 2)
    try:
        return machine.run()
    except (AwkError, FileError, TooLong) as error:
        machine.flush()
        return call.error(str(error), 2)


PROGRAMS: dict[str, Program] = dict.fromkeys(("awk", "mawk"), _awk)
