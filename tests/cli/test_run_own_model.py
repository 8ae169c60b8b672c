"""A run of an app with a model of its own, whose key is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_calls import Cli, spaceless

APP = """
from langchain.agents import create_agent
from langgraph.graph import END, START, MessagesState, StateGraph

def build(kit):
    from langchain_openai import ChatOpenAI
    graph = StateGraph(MessagesState)
    critic = create_agent(kit.model, kit.tools, system_prompt=kit.instructions)
    writer = create_agent(ChatOpenAI(model="gpt-4o-mini"), [], name="writer")
    graph.add_node("critic", critic)
    graph.add_node("writer", writer)
    graph.add_edge(START, "critic")
    graph.add_edge("critic", "writer")
    graph.add_edge("writer", END)
    return graph.compile()
"""


def test_the_gate_is_inconclusive_and_names_model_and_variable(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("langchain_openai")
    pytest.importorskip("langgraph")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "own_model_desk.py").write_text(APP, encoding="utf-8")
    ran = cli(
        *("run", "rubric_grading", "--app", "own_model_desk:build", "--model", "scripted:loyal"),
        *("--adapter", "langgraph", "--trials", "2", "--out", "one"),
    )
    assert ran.code == 1
    said = "makes a model of its own (ChatOpenAI gpt-4o-mini): OPENAI_API_KEY is not set"
    assert said in spaceless(ran.err)
    gate = cli("gate", "one", "--max-rate", "0.5")
    assert gate.code == 3
    assert said in spaceless(gate.out)
