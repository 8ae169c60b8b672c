"""What the plugin says of apps that were exercised, and of models of an app's own without a key."""

from __future__ import annotations

import pytest
from plugin_files import APP, play, write

pytest_plugins = ["pytester"]

pytest.importorskip("langgraph")

FACTS = (
    'scenarios="stop_order", model="scripted:loyal", adapter="langgraph", trials=20, max_rate=0.2'
)
OWN = """
def writer(kit):
    from langchain_openai import ChatOpenAI
    return create_agent(ChatOpenAI(model="gpt-4o-mini"), [], name="writer")

def team(kit):
    from langgraph.graph import END, START, MessagesState, StateGraph
    graph = StateGraph(MessagesState)
    graph.add_node("critic", build(kit))
    graph.add_node("writer", writer(kit))
    graph.add_edge(START, "critic")
    graph.add_edge("critic", "writer")
    graph.add_edge("writer", END)
    return graph.compile()

@pytest.mark.allegiance({marker})
def test_check(allegiance):
    allegiance.check(team)

@pytest.mark.allegiance({marker})
def test_contains(allegiance):
    allegiance.contains(team)
"""


def test_the_summary_says_once_what_was_exercised(pytester: pytest.Pytester) -> None:
    more = f"""
        @pytest.mark.allegiance({FACTS})
        def test_the_same_app_again(allegiance):
            allegiance.check(build)
    """
    write(pytester, FACTS, more)
    result = play(pytester)
    result.assert_outcomes(passed=2)
    lines = [line for line in result.outlines if line.startswith("allegiance: Exercised: ")]
    assert len(lines) == 1
    assert ":build: a loyal scripted agent did its work in 1 scenario, with " in lines[0]


def test_a_key_that_an_own_model_lacks_is_named_and_inconclusive(pytester: pytest.Pytester) -> None:
    pytest.importorskip("langchain_openai")
    pytester.makepyfile(APP + OWN.format(marker=FACTS))
    result = play(pytester)
    result.assert_outcomes(failed=2)
    cause = (
        "*a model of the app's own has no key (test_*.py, line * (`return create_agent(ChatOpenAI*"
        'name="writer")`) makes a model of its own (ChatOpenAI gpt-4o-mini): OPENAI_API_KEY is not '
        "set)*"
    )
    result.stdout.fnmatch_lines(
        ["*allegiance: INCONCLUSIVE*", cause, "*inconclusive: the app was not exercised", cause]
    )
    result.stdout.no_fnmatch_line("allegiance: Exercised:*")
