import sys

import pytest
from report_runs import HOSTILE, trial, varied, write
from starlette.testclient import TestClient

from allegiance.errors import UserError
from allegiance.report.server import application, serve
from allegiance.store.writer import line

HOST = "127.0.0.1:8765"


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "runs"
    write(folder / "first", varied(2), planned=99)
    write(folder / "second one", [trial(text=HOSTILE)])
    write(tmp_path / "outside", [trial()])
    return folder


@pytest.fixture
def client(root):
    return TestClient(application(root, frozenset({HOST})), base_url=f"http://{HOST}")


def test_index_lists_the_runs(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert 'href="/run/first"' in answer.text
    assert 'href="/run/second%20one"' in answer.text
    assert "of 99" in answer.text
    assert "outside" not in answer.text


def test_run_is_the_page_of_the_report(client):
    answer = client.get("/run/second%20one")
    assert answer.status_code == 200
    assert 'id="record"' in answer.text
    assert "connect-src &#39;self&#39;" in answer.text
    assert "/state/second%20one?" in answer.text


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:1", "", "127.0.0.1:8765.x"],
)
def test_another_host_name_is_refused(client, host):
    for path in ("/", "/run/first", "/state/first", "/nothing"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 421
        assert "first" not in answer.text


@pytest.mark.parametrize("path", ["/run/..%2foutside", "/run/../outside", "/run/%2e%2e", "/run/.",
    "/run/first%2f..%2f..%2foutside", "/run/%2fetc%2fpasswd", "/run/first/trials.jsonl",
    "/run/first%00", "/run/", "/state/..%2foutside", "/first/trials.jsonl"])  # fmt: skip
def test_no_path_leads_out_of_the_folder(client, path):
    assert client.get(path).status_code == 404


def test_a_link_that_leads_out_is_no_run(client, root):
    (root / "linked").symlink_to(root.parent / "outside")
    assert "linked" not in client.get("/").text
    assert client.get("/run/linked").status_code == 404


@pytest.mark.parametrize("file", ["run.json", "trials.jsonl"])
def test_a_run_with_a_file_that_leads_out_is_no_run(client, root, file):
    for name in ("run.json", "trials.jsonl"):
        (root.parent / "outside" / name).touch()
    (root / "first" / file).unlink()
    (root / "first" / file).symlink_to(root.parent / "outside" / file)
    assert "/run/first" not in client.get("/").text
    assert client.get("/run/first").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_read_only_and_no_other_origin(client, method):
    answer = client.request(method, "/run/first", headers={"origin": "http://evil.example"})
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_headers(client):
    headers = client.get("/").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in headers


def test_state_changes_when_a_trial_ends(client, root):
    text = client.get("/run/first").text
    start = text.index("/state/first")
    state = text[start : text.index('"', start)].replace("&amp;", "&")
    assert client.get(state).json() == {"changed": False}
    listed = client.get("/").text
    start = listed.index("/state?")
    every = listed[start : listed.index('"', start)]
    assert client.get(every).json() == {"changed": False}
    with (root / "first" / "trials.jsonl").open("ab") as file:
        file.write(line(trial(999, scenario="a_new_one")))
    assert client.get(state).json() == {"changed": True}
    assert client.get(every).json() == {"changed": True}
    assert "a_new_one" in client.get("/run/first").text


def test_a_run_without_trials_waits_and_a_damaged_one_says_so(client, root):
    write(root / "young", [], planned=3)
    answer = client.get("/run/young")
    assert (answer.status_code, "No trial has ended yet" in answer.text) == (200, True)
    assert 'data-follow="yes"' in answer.text
    (root / "young" / "trials.jsonl").write_text("{<b>")
    answer = client.get("/run/young")
    assert (answer.status_code, "nothing can be read" in answer.text) == (422, True)
    (root / "young" / "run.json").write_text("[1]")
    assert client.get("/").status_code == 200


def test_one_run_can_be_viewed_by_itself(root):
    alone = TestClient(application(root / "first", frozenset({HOST})), base_url=f"http://{HOST}")
    assert alone.get("/run/first").status_code == 200
    assert alone.get("/run/second%20one").status_code == 404


def test_what_cannot_be_served(root, monkeypatch):
    with pytest.raises(UserError, match="is not a folder"):
        serve(root / "none", 0)
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match="name another --port"):
            serve(root, taken.getsockname()[1])
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(UserError, match=r"allegiance\[report\]"):
        serve(root, 0)
