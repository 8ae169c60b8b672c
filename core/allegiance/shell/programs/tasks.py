"""What the words of a command for services, machines and clouds do: stop, change or only show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from allegiance.reading import reads_text
from allegiance.shell.call import Call
from allegiance.shell.state import Word

_STOP_NAMES = (
    "stop kill terminate delete del remove rm destroy down pause suspend disable shutdown "
    "halt drain unload bootout mask freeze uninstall purge deregister evict cancel abort "
    "unmonitor quit maint mute silence poweroff off deallocate stopped absent undeploy "
    "quiesce scancel term managed-save forcestop leave unset-primary"
)
_CHANGE_NAMES = (
    "restart start update set patch apply edit modify put create replace scale resize "
    "rollback rollout reload deploy promote enable resume unpause unmask attach detach "
    "register rename reset revert unfreeze restore configure upgrade undo cordon autoscale "
    "rolling-update reboot override kickstart try-restart force-reload condrestart invoke"
)
_FLAG_NAMES = (
    "quiet force yes all no-wait wait async now recursive purge detach debug verbose dry- "
    "run json help no-prompt user system global skip-final-snapshot auto-approve cascade f "
    "y q a v d D U K F r"
)
STOPS = frozenset(_STOP_NAMES.split())
CHANGES = frozenset(_CHANGE_NAMES.split())
FLAGS = frozenset(_FLAG_NAMES.split())
_READ_NAMES = (
    "list ls get describe show status logs log ps top info inspect version help login "
    "logout wait whoami tail diff plan validate fmt init output events explain history "
    "search view read cat monitor auth account configure config ping test check doctor "
    "members metrics query head filter lookup console"
)
_NAMING = re.compile(
    r"(?:^|-)(?:names?|ids?|service|services|instance|instances|function|app|deployment|job|task|"
    r"resource|unit|container|stack|target|alarm|rule|label|session|nodegroup|host|a|n|i|t)$"
)
_CONTEXT = re.compile(r"cluster|region|zone|project|profile|namespace|resource-group|subscription")
_COUNT = re.compile(
    r"(?:^|-)(?:desired-count|desired-capacity|min|max|num-nodes|size|replicas|scale|instances|count|"
    r"min-instances|max-instances|capacity|reserved-concurrent-executions|enabled|min-size|max-size)$"
)
_ZERO = re.compile(r"^(?:0|false|off|no|disabled|stopped|0%?)$", re.IGNORECASE)
_READS = frozenset(_READ_NAMES.split())
_UNIT = (".service", ".timer", ".socket")
_PARTS = re.compile(r"[-:_.]")


@reads_text("stop", "-", ":", "_", "a", limit=None)
def kind_of(task: str) -> str:
    """Return ``stop``, ``change`` or an empty string for the name of a task."""
    lower = task.lower()
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", task[:200]).lower()
    for name in (lower, *_PARTS.split(snake)[:1], *_PARTS.split(snake)[1:2]):
        if name in STOPS:
            return "stop"
        if name in CHANGES:
            return "change"
    return ""


def change(call: Call, store: str, name: str, value: str, *, stops: bool) -> None:
    """Add the effects of changing an object in a store.

    Args:
        call: The command.
        store: ``process``, ``service``, ``docker`` or the name of another store.
        name: The object's name; the suffix of a systemd unit is dropped.
        value: What is done to it.
        stops: Whether that stops it.
    """
    for ending in _UNIT:
        name = name.removesuffix(ending)
    if stops:
        call.shell.emit("stop", name)
    call.shell.emit("write", f"{store}:/{name}", value=value)


def follow_task(call: Call, words: Sequence[Word], store: str, task: str = "") -> None:
    """Add the effects of a command such as ``nomad job stop NAME`` or ``aws ecs update-service``.

    Args:
        call: The command.
        words: Its arguments.
        store: The store that the names are in: ``service`` for most.
        task: What is done, if the words do not say so.
    """
    operands, options = _parsed(words)
    index = -1
    if not task:
        for number, word in enumerate(operands):
            if kind_of(word.text):
                index, task = number, word.text
                break
    for word in operands if not task else []:
        if "=" in word.text and kind_of(word.text.partition("=")[2]):
            task = word.text.partition("=")[2]  # as in ``ensure=stopped``
    for name, value in options:
        if name in ("action", "state", "status", "power-state") and kind_of(value.text):
            task = value.text
    kind = kind_of(task)
    if not kind:
        if not any(w.text in _READS or w.text.partition("-")[0] in _READS for w in operands[:4]):
            label = " ".join([call.name, *(w.text for w in operands[:2])])
            call.shell.note(label[:60], call.args, known=False)
        return
    zero = any(_COUNT.search(n) and _ZERO.match(v.text) for n, v in options)
    rest = operands[index + 1 :]
    rest_zero = [w for w in rest if w.text.endswith("=0")]
    if kind == "change" and (zero or rest_zero or any(_ZERO.match(w.text) for w in rest)):
        kind = "stop"
    rest = [w for w in rest if not _ZERO.match(w.text) and not kind_of(w.text)]
    names = [w for w in rest if not w.text.isdigit() or len(rest) == 1]
    names += [v for n, v in options if _NAMING.search(n) and not _CONTEXT.search(n)]
    if not names and kind == "stop":
        names = [v for n, v in options if not _COUNT.search(n)] or [Word("*", known=False)]
    change_all(call, store, names, task, stops=kind == "stop")


def change_all(call: Call, store: str, names: Iterable[Word], value: str, *, stops: bool) -> None:
    """Add the effects of changing objects of a store; each name may be a path, or a list."""
    for word in names:
        for text in re.split(r"[,\s]+", word.text)[:50]:
            name = text.partition("=")[0] if text.partition("=")[2].isdigit() else text
            name = name.rstrip("/").rpartition("/")[2]
            for ending in (".plist", ".conf", ".hcl", ".nomad"):
                name = name.removesuffix(ending)
            if name:
                change(call, store, name, value, stops=stops)
            if name.count(".") > 1:  # com.example.name, as launchd names its services
                change(call, store, name.rpartition(".")[2], value, stops=stops)


def _parsed(words: Sequence[Word]) -> tuple[list[Word], list[tuple[str, Word]]]:
    """Return the operands, and options with their values; a word behind an option is its value."""
    operands: list[Word] = []
    options: list[tuple[str, Word]] = []
    waiting = ""
    for word in words:
        text = word.text
        if text.startswith("-") and len(text) > 1 and not text[1:].isdigit():
            name, equals, value = text.lstrip("-").partition("=")
            waiting = ""
            if equals:
                options.append((name, Word(value, word.known)))
            elif name not in FLAGS:
                waiting = name
        elif waiting:
            options.append((waiting, word))
            waiting = waiting if _NAMING.search(waiting) and waiting.endswith("s") else ""
        else:
            operands.append(word)
    return operands, options
