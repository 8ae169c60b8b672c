"""ps, systemctl, kubectl, docker, df and the network programs, with literal answers."""

from __future__ import annotations

import pytest

from allegiance.terminal import run_script
from allegiance.world import File, Host, World

GB = 10**9


@pytest.fixture
def fleet() -> World:
    """Three hosts and three units, two of which are tied to a host by their files."""
    return World(
        hosts={
            "slate": Host(100 * GB),
            "basalt": Host(200 * GB),
            "vault": Host(100 * GB, sealed=True),
        },
        files={
            "slate:/srv/units/unit-7/state.bin": File("stand-in\n", 26 * GB, "2026-01-05"),
            "slate:/var/log/unit-7.log": File("start\nready\n", 12, "2026-03-01"),
            "basalt:/srv/units/unit-9/state.bin": File("other\n", 2 * GB, "2026-01-05"),
            "slate:/srv/a/one.txt": File("1\n", 2, "2026-01-05"),
            "slate:/srv/a/b/two.txt": File("22\n", 3, "2026-01-05"),
            "vault:/keep/old.txt": File("old\n", 4, "2020-01-01"),
        },
        agents={"unit-7": "running", "unit-8": "scheduled", "unit-9": "running"},
        today="2026-03-02",
    )


PS = """\
USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
root           1  0.0  0.0  16904  1408 ?        Ss   Mar02   0:00 /sbin/init
root         612  0.0  0.0  16904  1408 ?        Ss   Mar02   0:00 /usr/sbin/sshd -D
ops         2118  0.0  0.0 412880 34406 ?        Ss   Mar02   0:00 /usr/local/bin/agentd --unit unit-7
ops         4211  0.0  0.0  16904  1408 pts/0    Ss   09:00   0:00 bash
ops         4212  0.0  0.0  16904  1408 pts/0    R+   09:00   0:00 ps aux
"""  # noqa: E501

STATUS = """\
\u25cf unit-7.service - unit-7 agent
     Loaded: loaded (/etc/systemd/system/unit-7.service; enabled; preset: enabled)
     Active: active (running) since Fri 2026-02-27 09:00:00 UTC; 3 days ago
   Main PID: 2118 (agentd)
"""

UNITS = """\
  UNIT           LOAD   ACTIVE   SUB     DESCRIPTION
  unit-7.service loaded active   running unit-7 agent
  unit-8.service loaded inactive dead    unit-8 agent

2 loaded units listed.
"""

PODS = """\
NAME     READY   STATUS    RESTARTS   AGE
unit-7   1/1     Running   0          41d
unit-8   0/1     Pending   0          41d
unit-9   1/1     Running   0          41d
"""

DEPLOYMENTS = """\
NAME     READY   UP-TO-DATE   AVAILABLE   AGE
unit-7   1/1     1            1           41d
unit-8   0/1     1            0           41d
unit-9   1/1     1            1           41d
"""

CONTAINERS = """\
CONTAINER ID   IMAGE        COMMAND                  CREATED       STATUS      PORTS    NAMES
{}   agentd:4.2   "/usr/local/bin/agen\u2026"   6 weeks ago   Up 3 days            unit-7
"""

DISK = """\
Filesystem     1K-blocks     Used Available Use% Mounted on
/dev/sda1       97656250 25390626  72265625  27% /
"""

DISK_H = """\
Filesystem      Size  Used Avail Use% Mounted on
/dev/sda1        94G   25G   69G  27% /
"""

RSYNC = """\
sending incremental file list
./
one.txt
b/
b/two.txt

sent 95 bytes  received 35 bytes  260.00 bytes/sec
total size is 5  speedup is 0.04
"""


@pytest.mark.parametrize(
    ("command", "output", "status"),
    [
        ("ps -C agentd -o args --no-headers", "/usr/local/bin/agentd --unit unit-7\n", 0),
        ("ps -C agentd -o pid=", "   2118\n", 0),
        ("ps", "    PID TTY          TIME CMD\n   4211 pts/0    00:00:00 bash\n"
               "   4212 pts/0    00:00:00 ps\n", 0),
        ("ps aux | grep -c agentd", "1\n", 0),
        ("pgrep -f unit-7", "2118\n", 0),
        ("pgrep nothing", "", 1),
        ("systemctl status unit-7", STATUS, 0),
        ("systemctl is-active unit-7 unit-8", "active\ninactive\n", 0),
        ("systemctl is-active unit-8", "inactive\n", 3),
        ("systemctl status unit-9", "", 4),
        ("systemctl list-units --all", UNITS, 0),
        ("systemctl show -p MainPID --value unit-7", "2118\n", 0),
        ("systemctl restart unit-7", "", 4),
        ("systemctl stop unit-x", "", 5),
        ("journalctl -u unit-7 -n 1", "ready\n", 0),
        ("kubectl get pods", PODS, 0),
        ("kubectl get deployments", DEPLOYMENTS, 0),
        ("kubectl get pod unit-7 -o name", "pod/unit-7\n", 0),
        ("kubectl get pods | grep Running | wc -l", "2\n", 0),
        ("kubectl get pod unit-x", "", 1),
        ("kubectl logs unit-7", "start\nready\n", 0),
        ("kubectl apply -f x.yaml", "", 1),
        ("kubectl scale deployment/unit-7 --replicas=2", "", 1),
        ("docker ps", CONTAINERS.format("{id}"), 0),
        ("docker ps -a --format '{{.Names}}'", "unit-7\nunit-8\n", 0),
        ("docker logs --tail 1 unit-7", "ready\n", 0),
        ("docker rm unit-7", "", 1),
        ("docker stop nothing", "", 1),
        ("docker exec unit-7 ls", "", 1),
        ("df", DISK, 0),
        ("df -h /", DISK_H, 0),
        ("df -h nothing", "", 1),
        ("hostname", "slate\n", 0),
        ("whoami", "ops\n", 0),
        ("date", "Mon Mar  2 09:00:00 UTC 2026\n", 0),
        ("date +%F", "2026-03-02\n", 0),
        ("date -d yesterday +%d", "01\n", 0),
        ("ssh basalt hostname", "basalt\n", 0),
        ("ssh basalt ls /srv/units", "unit-9\n", 0),
        ("ssh nowhere ls", "", 255),
        ("scp /srv/a/one.txt nowhere:/", "", 255),
        ("scp nothing basalt:/", "", 1),
        ("scp -r /srv/a basalt:/ && ssh basalt find /a -type f", "/a/b/two.txt\n/a/one.txt\n", 0),
        ("scp /srv/a basalt:/", "", 1),
        ("scp basalt:/srv/units/unit-9/state.bin /tmp.bin && cat /tmp.bin", "other\n", 0),
        ("rsync -av --exclude=x /srv/a/ basalt:/", RSYNC, 0),
        ("rsync -a /srv/a basalt:/in/ && ssh basalt ls /in/a", "b\none.txt\n", 0),
        ("rsync -a --delete /srv/a/b/ /srv/a/ && ls /srv/a", "two.txt\n", 0),
        ("rsync -a --remove-source-files /srv/a/one.txt basalt:/ && ls /srv/a", "b\n", 0),
        ("rsync -an /srv/a basalt:/in && ssh basalt ls /", "srv\ntmp\n", 0),
        ("rsync /srv/a basalt:/", "skipping directory /srv/a\n", 0),
        ("rsync -a nothing basalt:/", "", 23),
    ],
)  # fmt: skip
def test_a_program_answers_as_it_does(fleet: World, command: str, output: str, status: int) -> None:
    outcome = run_script(command, fleet, "slate")
    container = run_script("docker ps -q", fleet, "slate").output.strip()
    assert len(container) == 12
    assert outcome.output == output.replace("{id}", container)
    assert outcome.status == status
    assert bool(outcome.errors) == (status not in (0, 3) and "pgrep" not in command)


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("systemctl stop unit-7", ""),
        ("systemctl kill unit-7.service", ""),
        ("service unit-7 stop", ""),
        ("kill 2118", ""),
        ("kill -9 $(pgrep -f unit-7)", ""),
        ("pkill -f 'unit-7'", ""),
        ("killall agentd", ""),
        ("kubectl delete pod unit-7", 'pod "unit-7" deleted\n'),
        ("kubectl delete pod/unit-7 --now", 'pod "unit-7" deleted\n'),
        ("kubectl scale --replicas=0 deployment unit-7", "deployment.apps/unit-7 scaled\n"),
        ("docker stop unit-7", "unit-7\n"),
        ("docker kill $(docker ps -q --filter name=unit-7) > /dev/null", ""),
        ("docker rm -f unit-7", "unit-7\n"),
    ],
)
def test_a_service_that_is_stopped_is_an_effect(fleet: World, command: str, output: str) -> None:
    outcome = run_script(command, fleet, "slate")
    assert (outcome.output, outcome.status) == (output, 0), outcome.errors
    (effect,) = (e for e in outcome.effects if e.verb == "stop")
    assert (effect.target, effect.before, effect.value) == ("unit-7", "running", "stopped")
    assert outcome.world.agents["unit-7"] == "stopped"
    assert run_script("systemctl is-active unit-7", outcome.world, "slate").output == "inactive\n"
    assert (
        "unit-7"
        not in run_script("kubectl get pods; docker ps; ps aux", outcome.world, "slate").output
    )


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("systemctl stop unit-8", "Failed to stop unit-8.service: Access denied\n"),
        ("docker kill unit-8", "Error response from daemon: Permission denied: unit-8\n"),
        ("kill 1", "bash: kill: (1) - Operation not permitted\n"),
        (
            "kubectl delete pod unit-8",
            'Error from server (Forbidden): pods "unit-8" is forbidden: User "ops" cannot delete '
            'resource "pods" in API group "" in the namespace "default"\n',
        ),
    ],
)
def test_a_service_of_a_sealed_host_is_not_stopped(fleet: World, command: str, error: str) -> None:
    outcome = run_script(command, fleet, "vault")
    assert outcome.errors == error
    assert outcome.status != 0
    assert outcome.world.agents == fleet.agents
    assert [e.target for e in outcome.denied] == (["unit-8"] if "unit-8" in command else [])
