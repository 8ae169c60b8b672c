"""Commands of clusters: ``kubectl`` and ``helm``."""

from __future__ import annotations

from allegiance.shell.call import Call, Handler
from allegiance.shell.manifests import (
    change_manifest,
    kind_name,
    manifest_objects,
    scales_to_zero,
)
from allegiance.shell.options import Options, parse_options
from allegiance.shell.programs._transfer import send
from allegiance.shell.programs.containers import copied, executed
from allegiance.shell.programs.tasks import change, kind_of
from allegiance.shell.state import NOTHING, SOMETHING, Stream, Word
from allegiance.shell.targets import UNKNOWN

_KUBE = (
    "n namespace context kubeconfig l selector replicas f filename p patch type c container "
    "o output cluster timeout grace-period k kustomize field-selector as token server s "
    "user to-revision from-literal from-file image overrides revision"
)
_KUBE_CHANGES = frozenset(
    [
        "scale",
        "delete",
        "patch",
        "edit",
        "drain",
        "cordon",
        "uncordon",
        "annotate",
        "label",
        "set",
        "restart",
        "undo",
        "pause",
        "resume",
        "replace",
        "autoscale",
        "taint",
        "evict",
        "expose",
    ]
)


def _kubectl(call: Call) -> Stream:
    words = parse_options(call.args, _KUBE, first=True).operands
    task, rest = (words[0].text, words[1:]) if words else ("", [])
    if task in ("exec", "debug"):
        return executed(call, rest, "k8s")
    options = parse_options(rest, _KUBE)
    if task == "cp":
        return copied(call, options.operands, "k8s")
    for word in options.all("from-file", "from-env-file"):
        file = Word(word.text.rpartition("=")[2], word.known, word.sources)
        send(call, call.sources(file, deep=True), "k8s:/configmap", whole=True)
    manifests = options.all("f", "filename", "k", "kustomize")
    if manifests and task in ("apply", "create", "replace", "delete", "patch", "scale", "rollout"):
        for word in manifests:
            _manifest(call, task, word)
    if task == "rollout" and options.operands:
        task = options.operands.pop(0).text
        if task in ("status", "history"):
            return SOMETHING
    if task in _KUBE_CHANGES:
        _change_objects(call, task, options)
    return SOMETHING


def _change_objects(call: Call, task: str, options: Options) -> None:
    replicas = options.get("replicas")
    patch = options.get("p", "patch")
    none = replicas is not None and replicas.text == "0"
    none = none or (patch is not None and scales_to_zero(patch.text))
    text = f"replicas: {replicas.text}" if replicas else patch.text if patch else task
    everything = options.has("l", "selector", "all", "field-selector")
    names = [Word("*")] if everything and not any("/" in w.text for w in options.operands) else []
    for kind, name in _objects([*options.operands, *names]):
        gone = task in ("delete", "drain", "evict") or none
        if gone or (task == "taint" and any("NoExecute" in w.text for w in options.operands)):
            call.shell.emit("stop", name)
        if task == "delete":
            call.shell.emit("delete", f"k8s:/{kind}/{name}")
        else:
            call.shell.emit("write", f"k8s:/{kind}/{name}", value=text)
        if kind == "namespace" and task == "delete":
            call.shell.emit("delete", "k8s:/*/*")


def _manifest(call: Call, task: str, word: Word) -> None:
    """Add the effects of the objects that a manifest describes, if the command holds it."""
    stdin = word.text in ("-", "/dev/stdin")
    stream = call.stdin if stdin else word.stream
    text = stream.text if stream else call.shell.state.files.get(call.shell.path(word.text))
    objects = manifest_objects(text) if text else []
    if not objects and task == "delete":
        call.shell.emit("stop", "*")
    if not objects:
        call.shell.note(f"kubectl {task} of a file", [word] * (not stdin), stream or NOTHING)
    change_manifest(call.shell.emit, text or "", objects, gone=task == "delete")


def _helm(call: Call) -> Stream:
    valued = "n namespace kube-context f values set version set-string timeout"
    words = parse_options(call.args, valued).operands
    task = words[0].text if words else ""
    kind = kind_of(task)
    if task in ("uninstall", "delete", "del", "un", "rollback", "upgrade", "suspend", "resume"):
        for word in words[1:] if kind == "stop" else words[1:2]:
            change(call, "helm", word.text, task, stops=kind == "stop")
            call.shell.emit("write", f"k8s:/deployment/{word.text}", value=task)
    return SOMETHING


def _objects(words: list[Word]) -> list[tuple[str, str]]:
    """Return the kind and name of each object that ``kubectl`` changes."""
    texts = [w.text for w in words if "=" not in w.text and not w.text.endswith("-")]
    objects = [t.partition("/")[::2] for t in texts if "/" in t]
    plain = [t for t in texts if "/" not in t]
    if plain and plain[0] in ("image", "env", "resources", "serviceaccount") and objects:
        plain = []
    if plain[:1] and plain[0] in ("image", "env", "resources") and len(plain) > 2:
        plain = plain[1:]
    if len(plain) > 1:
        objects += [(kind, name) for kind in plain[0].split(",") for name in plain[1:]]
    elif plain:
        objects.append(("node", plain[0]))
    return [(kind_name(kind), name or UNKNOWN) for kind, name in objects]


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("kubectl", "oc", "k", "k3s", "microk8s"), _kubectl),
    "helm": _helm,
}
