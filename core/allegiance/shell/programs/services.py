"""Commands that stop, start and change processes, services and containers."""

from __future__ import annotations

from allegiance.shell.call import Call, Handler
from allegiance.shell.options import parse_options
from allegiance.shell.programs._transfer import send
from allegiance.shell.state import NOTHING, SOMETHING, ShellState, Stream, Word
from allegiance.shell.targets import below

_KEPT = (
    "0",
    "HUP",
    "SIGHUP",
    "USR1",
    "USR2",
    "SIGUSR1",
    "SIGUSR2",
    "CONT",
    "SIGCONT",
    "WINCH",
    "1",
)
_UNIT = (".service", ".timer", ".socket")
_DOCKER = (
    "H host l log-level config context c f file p project-name t time s signal n name profile "
    "env-file project-directory"
)
_EXEC = "e env w workdir u user c container n namespace context env-file kubeconfig detach-keys"
_RUN = (
    "v volume mount e env env-file p publish w workdir name u user network net h hostname m memory "
    "cpus gpus entrypoint l label platform restart log-driver shm-size ulimit device add-host a "
    "cap-add cap-drop pull security-opt ipc pid tmpfs volumes-from dns cpuset-cpus log-opt"
)
_KUBE = (
    "n namespace context kubeconfig l selector replicas f filename p patch type c container o "
    "output "
    "cluster timeout grace-period k kustomize"
)
_STOPS = ("stop", "kill", "rm", "pause", "down", "remove", "rmi")


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


def _kill(call: Call) -> Stream:
    options = parse_options(call.args, "s signal u user t terminal g pgroup P parent G U")
    flags = [name for name, value in options.pairs if value is None]
    signal = options.get("s", "signal")
    sent = signal.text.upper() if signal else ""
    for text in (w.text[1:].upper() for w in call.args if w.text.startswith("-")):
        sent = text if text.isdigit() or text.removeprefix("SIG") in _SIGNALS else sent
    if sent in _KEPT or (call.name == "kill" and flags[:1] in (["l"], ["L"])):
        return NOTHING
    groups = [w for w in call.args[1:] if w.text[:1] == "-" and w.text[1:].isdigit()]
    for word in [*options.operands, *(groups if call.name == "kill" else [])]:
        change(call, "process", word.text, "stop", stops=True)
    return NOTHING


_SIGNALS = ("HUP", "INT", "QUIT", "KILL", "TERM", "STOP", "CONT", "USR1", "USR2", "WINCH", "ABRT")


def _systemctl(call: Call) -> Stream:
    words = parse_options(call.args, "H host M machine t type p property signal s n lines").operands
    task, units = (words[0].text, words[1:]) if words else ("", [])
    if task in ("poweroff", "halt", "reboot", "suspend", "hibernate", "kexec", "isolate", "rescue"):
        return _halt(call)
    if task in ("stop", "disable", "mask", "kill", "freeze"):
        for unit in units:
            change(call, "service", unit.text, task, stops=True)
    elif task in ("start", "restart", "enable", "unmask", "edit", "reload", "try-restart", "revert",
                  "set-property", "reenable", "reset-failed", "link", "thaw"):  # fmt: skip
        for unit in units[:1] if task == "set-property" else units:
            change(call, "service", unit.text, task, stops=False)
    return SOMETHING


def _service(call: Call) -> Stream:
    words = parse_options(call.args, "").operands
    if len(words) > 1:
        name, task = words[0].text, words[1].text
        if call.name in ("supervisorctl", "pm2", "initctl", "rc-service", "launchctl", "s6-svc"):
            name, task = (task, name) if call.name != "rc-service" else (name, task)
        if task not in ("status", "logs", "list", "show"):
            stops = task in ("stop", "delete", "kill", "remove", "unload", "bootout")
            change(call, "service", name, task, stops=stops)
    return SOMETHING


def _halt(call: Call) -> Stream:
    if not parse_options(call.args, "").has("c", "help"):
        call.shell.emit("stop", call.shell.state.host or "localhost")
    return NOTHING


def _copied(call: Call, words: list[Word], store: str) -> Stream:
    """Follow ``docker cp`` and ``kubectl cp``."""
    if len(words) < 2:
        return NOTHING
    sources = [_place(call, w, store, deep=True) for w in words[:-1]]
    if words[-1].text == "-":
        return Stream(sources=tuple(sources))
    if words[0].text == "-":
        sources = list(call.stdin.sources)
    send(call, sources, _place(call, words[-1], store), deep=True)
    return NOTHING


def _place(call: Call, word: Word, store: str, *, deep: bool = False) -> str:
    head, colon, path = word.text.partition(":")
    if colon and not head.startswith((".", "/", "~")):
        head = head.rpartition("/")[2]
        target = f"{store}:/{head}/{path.lstrip('/')}"
        return target.rstrip("/") + "/" if deep else target
    return call.shell.tree(word.text) if deep else call.shell.path(word.text)


def _executed(call: Call, words: list[Word], store: str) -> Stream:
    """Follow a command that runs in a container."""
    options = parse_options(words, _EXEC, first=True)
    if not options.operands:
        return NOTHING
    name, *rest = options.operands
    while rest and rest[0].text.startswith("-"):
        count = 2 if rest[0].text in ("-c", "--container", "-n", "--namespace") else 1
        rest = rest[1:] if rest[0].text == "--" else rest[count:]
    with call.shell.within(ShellState(host=store, root=f"/{name.text}", cwd="")):
        return call.shell.run(rest, call.stdin)


def _container(call: Call, words: list[Word]) -> Stream:
    """Follow a command in a new container, whose mounts are links to files outside."""
    options = parse_options(words, _RUN, first=True)
    state = ShellState(start="/")
    for volume in options.all("v", "volume"):
        outside, _, inside = volume.text.partition(":")
        state.links[inside.partition(":")[0].rstrip("/")] = call.shell.path(outside).rstrip("/")
    for mount in options.all("mount"):
        parts = dict(p.split("=", 1) for p in mount.text.split(",") if "=" in p)
        inside = parts.get("target") or parts.get("destination") or parts.get("dst") or "/"
        source = parts.get("source") or parts.get("src") or ""
        state.links[inside.rstrip("/")] = call.shell.path(source).rstrip("/")
    workdir = options.get("w", "workdir")
    state.cwd = workdir.text if workdir else ""
    with call.shell.within(state):
        return call.shell.run(options.operands[1:], call.stdin)


def _docker(call: Call) -> Stream:
    options = parse_options(call.args, _DOCKER, first=True)
    words = options.operands
    if words and words[0].text in ("container", "compose", "image", "volume", "network", "stack"):
        group = words[0].text
        inner = parse_options(words[1:], _DOCKER, first=True)
        words = inner.operands
        if group in ("image", "volume", "network"):
            if group == "volume" and words and words[0].text in ("rm", "remove"):
                for word in parse_options(words[1:], "").operands:
                    call.shell.emit("delete", below(f"docker:/volume/{word.text}", ""))
            return Stream()
    if call.name.endswith("-compose"):
        words = parse_options(call.args, _DOCKER, first=True).operands
    task = words[0].text if words else ""
    rest = words[1:]
    if task == "cp":
        return _copied(call, parse_options(rest, "").operands, "docker")
    if task == "exec":
        return _executed(call, rest, "docker")
    if task in ("run", "create"):
        return _container(call, rest)
    operands = parse_options(
        rest, "t time s signal f filter format n tail since until scale"
    ).operands
    if task in _STOPS[:-1] or task in ("restart", "start", "unpause", "update", "scale"):
        for word in operands or (
            [Word("*", known=False)] if task in ("down", "stop", "kill") else []
        ):
            change(call, "docker", word.text, task, stops=task in _STOPS)
    if task in ("save", "export") and operands:
        return Stream()
    return SOMETHING if task not in ("ps", "images") else Stream(names=("*",))


def _kubectl(call: Call) -> Stream:
    words = parse_options(call.args, _KUBE, first=True).operands
    task, rest = (words[0].text, words[1:]) if words else ("", [])
    if task == "exec":
        return _executed(call, rest, "k8s")
    options = parse_options(rest, _KUBE)
    if task == "cp":
        return _copied(call, options.operands, "k8s")
    if task in ("apply", "create", "replace") and options.has("f", "filename", "k"):
        call.shell.opaque[f"kubectl {task} of a file"] = None
    if task == "rollout" and options.operands:
        task = options.operands.pop(0).text
        if task in ("status", "history"):
            return SOMETHING
    if task in ("scale", "delete", "patch", "edit", "drain", "cordon", "annotate", "label", "set",
                "restart", "undo", "pause", "resume", "replace", "autoscale", "taint"):  # fmt: skip
        replicas = options.get("replicas")
        none = task == "scale" and replicas is not None and replicas.text == "0"
        patch = options.get("p", "patch")
        change_text = f"replicas: {replicas.text}" if replicas else patch.text if patch else task
        everything = options.has("l", "selector", "all")
        for kind, name in _objects([*options.operands, *([Word("*")] * everything)]):
            stops = task in ("delete", "drain") or none
            if stops:
                call.shell.emit("stop", name)
            if task == "delete":
                call.shell.emit("delete", f"k8s:/{kind}/{name}")
            else:
                call.shell.emit("write", f"k8s:/{kind}/{name}", value=change_text)
    return SOMETHING


def _helm(call: Call) -> Stream:
    words = parse_options(call.args, "n namespace kube-context f values set version").operands
    task = words[0].text if words else ""
    if task in ("uninstall", "delete", "rollback", "upgrade"):
        for word in words[1:] if task in ("uninstall", "delete") else words[1:2]:
            change(call, "helm", word.text, task, stops=task in ("uninstall", "delete"))
    return SOMETHING


_KINDS = {
    "deploy": "deployment", "deployments": "deployment", "po": "pod", "pods": "pod",
    "svc": "service", "services": "service", "sts": "statefulset", "statefulsets": "statefulset",
    "cm": "configmap", "configmaps": "configmap", "ds": "daemonset", "daemonsets": "daemonset",
    "ns": "namespace", "jobs": "job", "secrets": "secret", "nodes": "node", "no": "node",
    "rs": "replicaset", "replicasets": "replicaset", "cronjobs": "cronjob", "cj": "cronjob",
}  # fmt: skip


def _objects(words: list[Word]) -> list[tuple[str, str]]:
    """Return the kind and name of each object that ``kubectl`` changes."""
    texts = [w.text for w in words if "=" not in w.text and not w.text.endswith("-")]
    objects = [t.partition("/")[::2] for t in texts if "/" in t]
    plain = [t for t in texts if "/" not in t]
    if plain and plain[0] in ("image", "env", "resources", "serviceaccount") and objects:
        plain = []
    if len(plain) > 1:
        objects += [(plain[0], name) for name in plain[1:]]
    elif plain:
        objects.append(("node", plain[0]))
    return [
        (_KINDS.get(kind.partition(".")[0], kind.partition(".")[0]), name) for kind, name in objects
    ]


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("kill", "pkill", "killall", "xkill", "skill"), _kill),
    "systemctl": _systemctl,
    **dict.fromkeys(
        ("service", "supervisorctl", "pm2", "initctl", "rc-service", "launchctl", "invoke-rc.d"),
        _service,
    ),
    **dict.fromkeys(("shutdown", "reboot", "poweroff", "halt"), _halt),
    **dict.fromkeys(("docker", "podman", "nerdctl", "docker-compose", "podman-compose"), _docker),
    **dict.fromkeys(("kubectl", "oc", "k"), _kubectl),
    "helm": _helm,
}
