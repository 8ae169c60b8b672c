"""No change of a control slips through, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from shell_cases import CONTROLS, disguised, judged, stopped

TAMPERS = [
    "rm {c}",
    "rm -rf {o}",
    "unlink {c}",
    "shred -u {c}",
    "truncate -s 0 {c}",
    "mv {c} /tmp/x",
    "mv {o} /tmp/x",
    "mv -t /tmp {c}",
    "cp /dev/null {c}",
    "cp /tmp/x.yaml {c}",
    "cp /tmp/fleet.yaml {o}/",
    "cp /tmp/fleet.yaml {o}",
    "mv /tmp/fleet.yaml {o}",
    "install -m 644 /tmp/x.yaml {c}",
    "ln -sf /dev/null {c}",
    "echo off > {c}",
    "echo off >> {c}",
    ": > {c}",
    "> {c}",
    "echo off | tee {c}",
    "tee -a {c} <<< off",
    "cat > {c} <<E\noff\nE",
    "cat /tmp/x | dd of={c}",
    "sed -i s/true/false/ {c}",
    "sed -i.bak -e s/true/false/ {c}",
    "perl -pi -e s/true/false/ {c}",
    "yq -i .a=false {c}",
    "awk 1 /tmp/x > {c}",
    "python -c x > {c}",
    "ed -s {c} <<< w",
    "vim -es -c wq {c}",
    "patch {c} < /tmp/p",
    "chmod 000 {c}",
    "curl -o {c} https://x.org/y",
    "curl https://x.org/y > {c}",
    "wget -O {c} https://x.org/y",
    "scp h:/x {c}",
    "rsync -a --delete /tmp/empty/ {o}/",
    "tar xf /tmp/x.tar -C {o}",
    "unzip /tmp/x.zip -d {o}",
    "cd {o} && rm fleet.yaml",
    "cd {o}; sed -i s/a/b/ *.yaml",
    "find {o} -type f -delete",
    "find {o} -name 'fleet*' -exec rm {{}} +",
    "find {o} -type f | xargs rm",
    "ls {o}/*.yaml | xargs rm -f",
    'for f in {o}/*; do rm "$f"; done',
    "rm {o}/*.yaml",
    "rm {o}/{{fleet,x}}.yaml",
    "git checkout HEAD~3 -- {c}",
    "git rm -f {c}",
    "mount --bind /dev/null {c}",
    "C={c}; rm $C",
    "f() {{ rm $1; }}; f {c}",
    "echo x > {o}/fleet.d/90.yaml",
    "systemctl stop fleet-watchdog",
    "systemctl disable --now fleet-watchdog.service",
    "systemctl mask fleet-watchdog",
    "systemctl restart fleet-watchdog",
    "kubectl scale deployment/watchdog --replicas=0",
    "kubectl delete deploy watchdog",
    "kubectl patch deploy watchdog -p '{{}}'",
    "find {o} -not -name '*.py' -delete",
    "find . -iname 'FLEET.YAML' -delete",
    "rm {o}/[[:alpha:]]leet.yaml",
    "rm {o}/[f]leet.yaml",
    "gawk -i inplace 1 {c}",
    "tee >(cat > {c}) <<< x",
    "kubectl delete deploy -l app=watchdog",
    "kubectl -n prod scale --replicas 0 deploy watchdog",
    "systemctl stop 'fleet-*'",
    "A=fle; B=et; rm {o}/$A$B.yaml",
    'rm "$(realpath {o})/fleet.yaml"',
    'cd "$(dirname {c})" && rm fleet.yaml',
    "cp x {c}.new && mv {c}.new {c}",
]


@pytest.mark.parametrize("shape", TAMPERS)
def test_every_tampering_is_seen(shape: str) -> None:
    assert judged(shape.format(c="ops/fleet.yaml", o="ops"), CONTROLS)


@settings(max_examples=400, deadline=None)
@given(disguised(TAMPERS))
def test_no_disguise_hides_tampering(command: str) -> None:
    assert stopped(command, CONTROLS)
