"""Commands of containers: ``docker`` and its like."""

from __future__ import annotations

from allegiance.shell.call import Call, Handler
from allegiance.shell.manifests import kind_name
from allegiance.shell.options import Options, parse_options
from allegiance.shell.programs._transfer import send
from allegiance.shell.programs.tasks import change, change_all
from allegiance.shell.state import NOTHING, SOMETHING, ShellState, Stream, Word
from allegiance.shell.targets import below

_DOCKER = (
    "H host l log-level config context c tlscacert tlscert tlskey connection root url "
    "cgroup-manager"
)
_COMPOSE = "f file p project-name profile env-file project-directory ansi parallel"
_TASK = (
    "t time s signal filter format n tail since until scale timeout m memory cpus restart "
    "cpu-shares label stop-signal stop-timeout replicas image env-add env-rm"
)
_EXEC = "e env w workdir u user c container n namespace context env-file kubeconfig detach-keys"
_RUN = (
    "v volume mount e env env-file p publish w workdir name u user network net h hostname m "
    "memory cpus gpus entrypoint l label platform restart log-driver shm-size ulimit device "
    "add-host a cap-add cap-drop pull security-opt ipc pid tmpfs volumes-from dns cpuset- "
    "cpus log-opt"
)
_GROUPS = frozenset(
    [
        "container",
        "compose",
        "image",
        "volume",
        "network",
        "stack",
        "service",
        "pod",
        "swarm",
        "node",
        "system",
    ]
)
_CHANGES = frozenset(["restart", "start", "unpause", "update", "scale", "rename", "attach"])
_STOPS = frozenset(["stop", "kill", "rm", "pause", "down", "remove", "delete", "stopp", "rmp"])


def copied(call: Call, words: list[Word], store: str) -> Stream:
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


def executed(call: Call, words: list[Word], store: str) -> Stream:
    """Follow a command that runs in a container; killing its first process stops the container."""
    options = parse_options(words, _EXEC, first=True)
    if not options.operands:
        return NOTHING
    name, *rest = options.operands
    while rest and rest[0].text.startswith("-"):
        count = 2 if rest[0].text in ("-c", "--container", "-n", "--namespace") else 1
        rest = rest[1:] if rest[0].text == "--" else rest[count:]
    if _ends_container(rest):
        kind, _, short = name.text.rpartition("/")
        place = f"k8s:/{kind_name(kind) or 'pod'}" if store == "k8s" else "docker:"
        call.shell.emit("stop", short)
        call.shell.emit("write", f"{place}/{short}", value="kill")
    with call.shell.within(ShellState(host=store, root=f"/{name.text}", cwd="")):
        return call.shell.run(rest, call.stdin)


def _ends_container(words: list[Word]) -> bool:
    """Tell whether a command in a container ends its first process."""
    texts = [w.text for w in words]
    if texts[:1] == ["kill"]:
        return "1" in texts and not any("HUP" in t or "USR" in t or t == "-0" for t in texts)
    return texts[:1] in (["reboot"], ["halt"], ["poweroff"], ["killall5"], ["shutdown"])


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
    entry = options.all("entrypoint")
    with call.shell.within(state):
        return call.shell.run([*entry, *options.operands[1:]], call.stdin)


def _docker(call: Call) -> Stream:
    compose = call.name.endswith("-compose")
    words = parse_options(call.args, _COMPOSE if compose else _DOCKER, first=True).operands
    group = "compose" if compose else ""
    if not compose and words and words[0].text in _GROUPS:
        group = words[0].text
        words = parse_options(
            words[1:], _COMPOSE if group == "compose" else "", first=True
        ).operands
    task, rest = (words[0].text, words[1:]) if words else ("", [])
    if group in ("image", "volume", "network", "system"):
        return _stored(call, group, task, rest)
    if task == "cp":
        return copied(call, parse_options(rest, "").operands, "docker")
    if task == "exec":
        return executed(call, rest, "docker")
    if task in ("run", "create") and group in ("", "container", "compose"):
        return _container(call, rest)
    if task in ("build", "buildx", "bake"):
        return _built(call, rest)
    options = parse_options(rest, _TASK)
    if task in ("ps", "ls", "list"):
        return _listed(options)
    if group == "swarm" and task == "leave":
        change(call, "docker", "*", task, stops=True)
    if task in _STOPS or task in _CHANGES:
        _change_containers(call, group, task, options)
    if task in ("save", "export") and options.operands:
        return Stream()
    return SOMETHING if task != "images" else Stream(names=("*",))


def _listed(options: Options) -> Stream:
    """Return the names that ``docker ps`` prints, as far as its filters tell."""
    filters = dict(w.text.partition("=")[::2] for w in options.all("filter", "f"))
    if "name" in filters:
        return Stream(names=(filters["name"].strip("^$/"),))
    ended = filters.get("status") in ("exited", "dead", "created")
    return Stream(names=("ended-container",) if ended else ("*",))


def _change_containers(call: Call, group: str, task: str, options: Options) -> None:
    names = list(options.operands)
    gone = task in _STOPS or any(w.text == "0" for w in options.all("replicas"))
    zeroes = [w for w in [*names, *options.all("scale")] if w.text.endswith("=0")]
    plain = [Word(w.text.partition("=")[0], w.known) for w in names if w not in zeroes]
    change_all(call, "docker", [Word(w.text[:-2]) for w in zeroes], task, stops=True)
    change_all(call, "docker", plain[: 1 if task == "rename" else None], task, stops=gone)
    if not names and gone and options.has("a", "all"):
        change(call, "docker", "*", task, stops=True)
    elif not names and group == "compose" and gone:
        # which containers these are is written in a file
        call.shell.opaque[f"{call.name} {task} of a whole project"] = None
        call.shell.emit("stop", "*")


def _stored(call: Call, group: str, task: str, words: list[Word]) -> Stream:
    """Follow a command of images, volumes, networks, or of the whole system."""
    if group == "volume" and task in ("rm", "remove"):
        for word in parse_options(words, "").operands:
            call.shell.emit("delete", below(f"docker:/volume/{word.text}", ""))
    elif group == "network" and task == "disconnect":
        change_all(call, "docker", parse_options(words, "").operands[1:], task, stops=False)
    elif group == "image" and task in ("build", "save"):
        return _built(call, words) if task == "build" else Stream()
    return Stream()


def _built(call: Call, words: list[Word]) -> Stream:
    """Follow ``docker build``: a folder that is named goes into the image, if it says so."""
    options = parse_options(
        words,
        "t tag f file build-arg target platform label cache-from progress network secret ssh o "
        "output",
    )
    if options.has("push"):
        for word in options.operands[-1:]:
            send(call, call.sources(word, deep=True), "docker:/image", whole=True)
    for word in options.operands[-1:]:
        if word.text.rstrip("/") not in (".", "-", "..") and "://" not in word.text:
            send(call, call.sources(word, deep=True), "docker:/image", whole=True)
    return SOMETHING


_DOCKERS = "docker podman nerdctl docker-compose podman-compose crictl finch lima-nerdctl"
HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_DOCKERS.split(), _docker),
}
