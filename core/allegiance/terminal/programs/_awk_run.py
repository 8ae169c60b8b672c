"""Runs a program of awk: rules over records, and statements."""

from __future__ import annotations

from collections.abc import Iterator

from allegiance.shell.budget import charge
from allegiance.terminal.programs._awk_lexer import AwkError
from allegiance.terminal.programs._awk_nodes import Node
from allegiance.terminal.programs._awk_parser import Rule
from allegiance.terminal.programs._awk_state import Jump
from allegiance.terminal.programs._awk_terms import Terms
from allegiance.terminal.programs._awk_values import Value, formatted, is_true, to_text


class Machine(Terms):
    """A program of awk that runs."""

    def run(self) -> int:
        """Run the program over its input and return the exit code."""
        rules = self.program.rules
        try:
            self.blocks("BEGIN")
            if any(rule.kind != "BEGIN" for rule in rules):
                self.main([rule for rule in rules if rule.kind in ("each", "range")])
        except Jump as jump:
            if jump.kind != "exit":
                raise AwkError(f"{jump.kind} outside of a rule") from None
        try:
            self.blocks("END")
        except Jump as jump:
            if jump.kind != "exit":
                raise AwkError(f"{jump.kind} used in END") from None
        self.close_all()
        return self.status

    def blocks(self, kind: str) -> None:
        for rule in self.program.rules:
            if rule.kind == kind:
                self.do(rule.body)

    def main(self, rules: list[Rule]) -> None:
        """Run the rules over every record."""
        active: set[int] = set()
        while self.read_record():
            try:
                for number, rule in enumerate(rules):
                    charge(0, 1)
                    if self.selects(rule, number, active):
                        self.do(rule.body)
            except Jump as jump:
                if jump.kind == "nextfile":
                    self.skip_file()
                elif jump.kind != "next":
                    raise

    def selects(self, rule: Rule, number: int, active: set[int]) -> bool:
        """Tell whether a rule applies to the record; ``active`` has the ranges that are open."""
        if not rule.patterns:
            return True
        if rule.kind == "each":
            return self.holds(rule.patterns[0])
        if number not in active:
            if not self.holds(rule.patterns[0]):
                return False
            active.add(number)
        if self.holds(rule.patterns[1]):
            active.discard(number)
        return True

    def holds(self, node: Node) -> bool:
        return is_true(self.value(node))

    def do(self, node: Node) -> None:
        """Run a statement."""
        charge(0, 1)
        action = _STATEMENTS.get(node.kind)
        if action is None:
            self.value(node)
        else:
            action(self, node)

    def _block(self, node: Node) -> None:
        for part in node.parts:
            self.do(part)

    def _if(self, node: Node) -> None:
        condition, then, otherwise = node.parts
        self.do(then if self.holds(condition) else otherwise)

    def _while(self, node: Node) -> None:
        condition, body = node.parts
        while self.holds(condition) and self.repeats(body):
            pass

    def _do(self, node: Node) -> None:
        condition, body = node.parts
        while self.repeats(body) and self.holds(condition):
            pass

    def _for(self, node: Node) -> None:
        start, condition, step, body = node.parts
        self.do(start)
        while self.holds(condition) and self.repeats(body):
            self.do(step)

    def _each(self, node: Node) -> None:
        array, body = node.parts
        for key in list(self.array(array.text)):
            self.assign(Node("name", node.text), key)
            if not self.repeats(body):
                return

    def repeats(self, body: Node) -> bool:
        """Run the body of a loop once; tell whether the loop goes on."""
        charge(0, 1)
        try:
            self.do(body)
        except Jump as jump:
            if jump.kind not in ("break", "continue"):
                raise
            return jump.kind == "continue"
        return True

    def _jump(self, node: Node) -> None:
        raise Jump(node.kind)

    def _exit(self, node: Node) -> None:
        value = self.value(node.parts[0])
        if value is not None:
            self.status = int(self.number(value)) % 256
        raise Jump("exit")

    def _return(self, node: Node) -> None:
        raise Jump("return", self.value(node.parts[0]))

    def _delete(self, node: Node) -> None:
        (place,) = node.parts
        array = self.array(place.text)
        if place.kind == "name":
            array.clear()
        else:
            array.pop(self.key(place.parts), None)

    def _print(self, node: Node) -> None:
        target, *values = node.parts
        pieces = self.shown(values) if values else iter([self.record_text()])
        text = self.text_of("OFS").join(pieces) + self.text_of("ORS")
        self.emit(text, node.text, target)

    def shown(self, nodes: list[Node]) -> Iterator[str]:
        """Yield values as ``print`` shows them."""
        form = self.text_of("OFMT")
        for node in nodes:
            yield to_text(self.value(node), form)

    def _printf(self, node: Node) -> None:
        target, form, *values = node.parts
        filled: list[Value] = [self.value(value) for value in values]
        self.emit(formatted(self.text(self.value(form)), filled), node.text, target)

    def emit(self, text: str, sign: str, target: Node) -> None:
        """Write to the standard output, a file or a command."""
        if not sign:
            self.output.write(text)
        else:
            self.redirect(text, sign, self.text(self.value(target)))


_STATEMENTS = {
    "block": Machine._block,
    "if": Machine._if,
    "while": Machine._while,
    "do": Machine._do,
    "for": Machine._for,
    "each": Machine._each,
    "next": Machine._jump,
    "nextfile": Machine._jump,
    "break": Machine._jump,
    "continue": Machine._jump,
    "exit": Machine._exit,
    "return": Machine._return,
    "delete": Machine._delete,
    "print": Machine._print,
    "printf": Machine._printf,
}
