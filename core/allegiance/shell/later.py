"""Files that mean more than their content: services' files, and files whose code runs later."""

from __future__ import annotations

import re
from collections.abc import Iterator

from allegiance.reading import reads_text
from allegiance.trace.effects import Effect

_CHANGES = ("write", "copy", "move", "delete")
"""The verbs of effects that change a file."""
_FREEZERS = ("/cgroup.freeze", "/cgroup.kill", "/freezer.state", "/down")
"""Files that stop what belongs to their directory."""

_UNIT_FILE = re.compile(
    r"(?:^|[:/])(?:systemd/(?:system|user)(?:\.control|\.attached)?/(?:[\w.-]+\.(?:wants|requires)/)?"
    r"|system\.slice/|user\.slice/(?:[\w@.-]+/){0,3}"
    r"|init\.d/|rc\d?\.d/[SK]\d\d|etc/init/|etc/default/|etc/conf\.d/"
    r"|supervisor/conf\.d/|supervisord\.d/|monit/conf[\w.-]*/|monit\.d/|kubernetes/manifests/"
    r"|(?:etc|run|var)/service/|etc/sv/|s6-overlay/s6-rc\.d/|nomad\.d/|consul\.d/"
    r"|cgroup/(?:[\w-]+/){0,3}(?=[\w.@-]+/(?:cgroup|freezer)\.)"
    r"|Launch(?:Agents|Daemons)/(?:\w+\.)*)"
    r"([\w@-]+(?:\.(?!service|timer|socket|conf|ya?ml|ini|plist|hcl|json|override)[\w@-]+)*)"
)
_CRON = re.compile(r"(?:^|[:/])(?:etc/cron(?:tab$|\.d/)|var/spool/cron/)")
_CODE = re.compile(
    r"(?:^|[/~:])(?:\.bashrc|\.bash_profile|\.profile|\.zshrc|\.zprofile|\.bash_logout|rc\.local)$"
    r"|(?:^|[:/])etc/(?:profile|profile\.d/[^/]+|cron\.(?:hourly|daily|weekly|monthly)/[^/]+|rc\.local)$"
    r"|/?\.git/hooks/[\w-]+$|(?:^|/)\.husky/[\w-]+$"
)
_EXEC = re.compile(r"^Exec(?:Start|Stop|StartPre|StartPost|StopPost|Reload)=[-@+!:]*(.+)$", re.M)
_SECTION = ".service", ".timer", ".conf"


@reads_text("/systemd/system/", "a.", "rc1.d/S01", "LaunchAgents/", "user.slice/", "a/", limit=None)
def service_of(path: str) -> str:
    """Return the service that a file configures or controls, or an empty string."""
    if len(path) > _LONGEST:
        return ""
    match = _UNIT_FILE.search(path)
    return match[1] if match else ""


_LONGEST = 400


def service_effects(verb: str, path: str, value: str | None, host: str) -> Iterator[Effect]:
    """Yield what a change of a file does to the service or the machine that the file controls.

    Args:
        verb: What is done to the file.
        path: The target that names it.
        value: The new text, if it is known.
        host: The machine.
    """
    if verb not in _CHANGES:
        return
    if path.endswith("/sysrq-trigger"):
        yield Effect(verb="stop", target=host or "localhost")
    if unit := service_of(path):
        yield Effect(verb="write", target=f"service:/{unit}", value=value)
        if path.endswith(_FREEZERS):
            yield Effect(verb="stop", target=unit)


@reads_text("* * * * * a\n", "ExecStart=a\n", "@reboot a\n", "#", limit=None)
def later_code(path: str, text: str | None) -> Iterator[str]:
    """Yield the commands in the text of a file that run at another time: of cron, of services.

    Args:
        path: The target that is written.
        text: What is written, as far as it is known.
    """
    if not text or len(path) > _LONGEST:
        return
    if _CRON.search(path):
        yield from cron_commands(text, user="cron.d/" in path or path.endswith("crontab"))
    elif _CODE.search(path):
        yield text
    elif path.endswith(_SECTION) and "Exec" in text:
        yield from (match[1] for match in _EXEC.finditer(text))


@reads_text("* * * * * a\n", "@reboot a\n", "#", " ", "\n", limit=None)
def cron_commands(text: str, *, user: bool = False) -> Iterator[str]:
    """Yield the commands of a table of cron.

    Args:
        text: The table.
        user: Whether a user's name comes before each command.
    """
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        times = 1 if line.startswith("@") else 5
        fields = line.split(None, times + user)
        if len(fields) == times + user + 1:
            yield fields[-1]
