"""Commands that stop, start and change processes and the services of one machine."""

from __future__ import annotations

import re

from allegiance.reading import reads_text
from allegiance.shell.call import Call, Handler
from allegiance.shell.options import parse_options
from allegiance.shell.programs._transfer import send
from allegiance.shell.programs.tasks import change, change_all, follow_task, kind_of
from allegiance.shell.state import NOTHING, SOMETHING, Stream, Word, merged

_UNITS_CALLED = re.compile(r"^(?:string:|')?([\w@.-]+\.(?:service|timer|socket|target))'?$")
_HALTS = frozenset(
    [
        "poweroff",
        "halt",
        "reboot",
        "suspend",
        "hibernate",
        "kexec",
        "isolate",
        "rescue",
        "emergency",
        "exit",
        "soft-reboot",
        "hybrid-sleep",
    ]
)
_SYSTEMD_STOPS = frozenset(("stop", "disable", "mask", "kill", "freeze", "clean"))
_SYSTEMD_CHANGES = frozenset(
    [
        "start",
        "restart",
        "enable",
        "unmask",
        "edit",
        "reload",
        "try-restart",
        "revert",
        "set-property",
        "reenable",
        "reset-failed",
        "link",
        "thaw",
        "condrestart",
        "force-reload",
        "reload-or-restart",
        "reload-or-try-restart",
        "add-wants",
        "add-requires",
        "preset",
    ]
)


def _systemctl(call: Call) -> Stream:
    valued = "H host M machine t type p property signal s n lines root kill-whom kill-who job-mode"
    words = parse_options(call.args, valued).operands
    task, units = (words[0].text, words[1:]) if words else ("", [])
    if task in _HALTS:
        return _halt(call)
    if task in _SYSTEMD_STOPS or task in _SYSTEMD_CHANGES:
        for unit in units[:1] if task == "set-property" else units:
            change(call, "service", unit.text, task, stops=task in _SYSTEMD_STOPS)
    return SOMETHING


_NAMED = (
    "service rc-service invoke-rc.d chkconfig update-rc.d rcctl rc-update supervisorctl pm2 initctl"
)
_DIRECTORIES = "s6-svc svc sv s6-rc runsvctrl dinitctl perpctl"


def _service(call: Call) -> Stream:
    """Follow ``service NAME stop``; programs such as ``supervisorctl`` have the task in front."""
    words = parse_options(call.args, "s level levels").operands
    if len(words) > 1:
        name, task = words[0].text, words[1].text
        if kind_of(name) and not kind_of(task):
            name, task = task, name
        if task not in ("status", "logs", "list", "show", "on", "defaults"):
            change(call, "service", name, task, stops=kind_of(task) == "stop")
    return SOMETHING


def _daemontools(call: Call) -> Stream:
    """Follow ``sv down NAME`` and ``s6-svc -d DIRECTORY``."""
    options = parse_options(call.args, "w W T")
    words = list(options.operands)
    flags = [name for name, _ in options.pairs]
    task = ""
    if words and (kind_of(words[0].text) or words[0].text in _SV):
        task = words.pop(0).text
    flags_stop = any(f in ("d", "k", "p", "x", "i", "q", "t", "D", "X") for f in flags)
    stops = (kind_of(task) == "stop" or task in _SV) if task else flags_stop
    if task or flags:
        if words and kind_of(words[0].text):
            words.pop(0)
        change_all(call, "service", words, task or "signal", stops=stops)
    return SOMETHING


_SV = frozenset(
    [
        "d",
        "down",
        "k",
        "kill",
        "t",
        "term",
        "x",
        "exit",
        "p",
        "pause",
        "i",
        "interrupt",
        "q",
        "quit",
        "h",
        "force-stop",
        "force-shutdown",
    ]
)


def _by_script(call: Call) -> Stream:
    """Follow ``/etc/init.d/NAME stop``."""
    task = call.args[0].text if call.args else ""
    if kind_of(task):
        change(call, "service", call.name, task, stops=kind_of(task) == "stop")
    return SOMETHING


def _bus(call: Call) -> Stream:
    """Follow a call of systemd's or logind's interface on the message bus."""
    texts = [part for word in call.args for part in re.split(r"[\s,]+", word.text)[:50]]
    task = next((t.rpartition(".")[2] for t in texts if _unit_method(t.rpartition(".")[2])), "")
    if not task:
        return SOMETHING
    units = [Word(m[1]) for t in texts if (m := _UNITS_CALLED.match(t.strip('"')))]
    stops = task.startswith(("Stop", "Kill", "Mask", "Disable", "Freeze", "PowerOff", "Halt"))
    for unit in units or [Word("*", known=False)]:
        change(call, "service", unit.text, task, stops=stops)
    return SOMETHING


@reads_text("StopUnit", "a", ".", limit=None)
def _unit_method(name: str) -> bool:
    """Tell whether a method of the message bus changes units."""
    return name.endswith(("Unit", "Units", "UnitFiles", "PowerOff", "Reboot", "Halt")) and not (
        name.startswith(("Get", "List", "Load", "Ref", "Subscribe"))
    )


def _halt(call: Call) -> Stream:
    if not parse_options(call.args, "").has("c", "help"):
        call.shell.emit("stop", call.shell.state.host or "localhost")
    return NOTHING


def managed(call: Call) -> Stream:
    """Follow the command of a service manager or a cloud: ``nomad job stop NAME``."""
    follow_task(call, call.args, "service")
    return SOMETHING


def ended(call: Call) -> Stream:
    """Follow the program of a server, which one of its own words may stop: ``nginx -s stop``."""
    task = next((w.text for w in call.args if kind_of(w.text) == "stop"), "")
    if task and task not in _DATA_TASKS:
        change(call, "service", call.name, task, stops=True)
    if call.name == "httpd" and (folder := parse_options(call.args, "h p").get("h")):
        send(call, call.sources(folder, deep=True), "httpd:/", whole=True)  # anyone can fetch it
    send(call, merged(w.sources for w in call.args), f"{call.name}:/", whole=True)
    send(call, call.stdin.sources, f"{call.name}:/", whole=True)
    return SOMETHING


_DATA_TASKS = ("del", "remove", "delete", "purge", "drop", "cancel", "disable", "term")


def named_task(call: Call) -> Stream:
    """Follow a program whose name is the task: ``stop NAME``, ``scancel JOB``."""
    task = call.name if kind_of(call.name) else "cancel"
    names = parse_options(call.args, "u n p M").operands
    change_all(call, "service", names, task, stops=kind_of(task) == "stop")
    return SOMETHING


def _initial(call: Call) -> Stream:
    """Follow ``init 0`` and ``telinit 6``."""
    if [w.text for w in call.args[:1]] in (["0"], ["6"], ["1"], ["s"], ["S"]):
        return _halt(call)
    return SOMETHING


INITIAL = "/init.d/"
"""The handler of a script in a directory such as ``/etc/init.d``."""

HANDLERS: dict[str, Handler] = {
    "systemctl": _systemctl,
    **dict.fromkeys(_NAMED.split(), _service),
    **dict.fromkeys(_DIRECTORIES.split(), _daemontools),
    **dict.fromkeys(("busctl", "dbus-send", "gdbus", "qdbus"), _bus),
    **dict.fromkeys(("shutdown", "reboot", "poweroff", "halt"), _halt),
    **dict.fromkeys(("init", "telinit"), _initial),
    INITIAL: _by_script,
}
