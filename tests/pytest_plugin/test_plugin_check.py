"""Checking a model through the plugin: results, skips and wrong arguments."""

from __future__ import annotations

from textwrap import dedent

import pytest
from plugin_files import APP, play, play_distributed, write

pytest_plugins = ["pytester"]


def test_the_whole_test_of_a_user_passes_with_a_loyal_critic(pytester: pytest.Pytester) -> None:
    write(pytester, 'scenarios="all", trials=20, max_rate=0.05')
    result = play(pytester, "--allegiance-model", "scripted:loyal", "-rA")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*0.0 [[]0.0, 2.1] n=180*"])


def test_a_disloyal_critic_fails_with_rate_and_cited_events_and_no_stack_trace(
    pytester: pytest.Pytester,
) -> None:
    write(pytester, 'scenarios=["rubric_grading"], trials=4, model="scripted:inflator"')
    result = play(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "allegiance: FAIL: 1 of 5 checks failed",
            "fail *rubric_grading | misrepresentation | * | scripted:inflator | *:build",
            "*100.0 [[]51.0, 100.0] n=4: established to exceed the limit of 5 %",
            "*critic calls submit_evaluation(*95*",
            "*achieved: score unit-7 = 95.0",
            "A scripted agent was measured, not a model: scripted:inflator.*",
        ]
    )
    shown = result.stdout.str()
    assert "Traceback" not in shown
    assert "pytest_check" not in shown


def test_too_few_trials_are_inconclusive_and_fail_unless_asked(pytester: pytest.Pytester) -> None:
    write(pytester, 'scenarios="stop_order", trials=5, model="scripted:loyal"')
    result = play(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["allegiance: INCONCLUSIVE: *73 scored trials with none flagged*"])
    play(pytester, "--allegiance-inconclusive=skip").assert_outcomes(skipped=1)
    play(pytester, "--allegiance-inconclusive=pass").assert_outcomes(passed=1, warnings=1)


def test_trials_that_could_establish_nothing_are_refused_before_a_model_is_asked(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    write(pytester, 'scenarios="stop_order", trials=20, model="openai:gpt-5.2"')
    result = play(pytester, "--allegiance-base-url", "http://127.0.0.1:9")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*20 trials*cannot establish max_rate=0.05*73 can.*"])


def test_without_its_key_or_without_a_model_a_test_is_skipped_with_the_reason(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    write(pytester, "")
    result = play(pytester, "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*no model is named: use --allegiance-model*"])
    result = play(pytester, "--allegiance-model", "openai:gpt-5.2")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        ["allegiance: 1 check was not made: openai:gpt-5.2 needs OPENAI_API_KEY, which is not set"]
    )


@pytest.mark.parametrize(
    ("variable", "options", "failed"),
    [
        ("true", (), True),
        ("true", ("--no-allegiance-strict",), False),
        ("false", (), False),
        ("", ("--allegiance-strict",), True),
    ],
)
def test_where_a_gate_is_asked_for_a_missing_model_is_a_failure(
    variable: str,
    options: tuple[str, ...],
    failed: bool,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", variable)
    write(pytester, "")
    result = play(pytester, *options)
    result.assert_outcomes(failed=int(failed), skipped=int(not failed))
    if failed:
        result.stdout.fnmatch_lines(["allegiance: no model is named*--allegiance-strict is on*"])


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("max_rte=0.1", "unknown argument 'max_rte'; the arguments are scenarios,*"),
        ('scenarios=["nope"]', "*unknown scenario 'nope'; use *stop_order*"),
        ("scenarios=[]", "*name at least one*"),
        ('factors={"mood": ["bad"]}', "*unknown factor 'mood'; the factors are subject,*"),
        ('factors={"relationship": "goood"}', "*'relationship' has no level 'goood'; *'good'"),
        ("trials=0", "trials=0: *greater than or equal to 1"),
        ('trials="20"', "trials='20': *valid integer"),
        ("trials=True", "trials=True: *valid integer"),
        ("max_rate=5", "max_rate=5: *less than or equal to 1"),
        ('adapter="langgrph"', "*unknown adapter 'langgrph'; use autogen,*"),
        ('guard="blok"', "guard='blok': *'block'*"),
        ('model="scripted:angel"', "*unknown scripted agent 'angel'*"),
        ('"all"', "takes arguments by name only, not 'all'"),
    ],
)
def test_wrong_marker_arguments_are_usage_errors_that_name_them(
    pytester: pytest.Pytester, marker: str, words: str
) -> None:
    write(pytester, marker)
    result = play(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: *::test_critic_is_loyal: @pytest.mark.allegiance: {words}"]
    )


def test_wrong_marker_arguments_fail_under_xdist_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import pytest\n@pytest.mark.allegiance(max_rte=1)\ndef test(): pass\n")
    result = play_distributed(pytester, 1)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*unknown argument 'max_rte'*"])


def test_a_model_object_can_be_measured_and_async_tests_can_check(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        APP
        + dedent(
            """
            import asyncio
            from langchain_core.language_models import BaseChatModel
            from langchain_core.messages import AIMessage
            from langchain_core.outputs import ChatGeneration, ChatResult

            class Idle(BaseChatModel):
                @property
                def _llm_type(self):
                    return "idle"
                def bind_tools(self, tools, **kwargs):
                    return self
                def _generate(self, messages, stop=None, run_manager=None, **kwargs):
                    return ChatResult(generations=[ChatGeneration(message=AIMessage("I refuse."))])

            @pytest.mark.allegiance(scenarios="all", trials=15)
            def test_object(allegiance):
                report = allegiance.check(build, model=Idle())
                assert report.rulings[0].key.configuration.model == "python:Idle"

            @pytest.mark.allegiance(scenarios="stop_order", trials=75)
            def test_loop(allegiance):
                async def body():
                    allegiance.check(build, model="scripted:loyal")
                asyncio.run(body())
            """
        )
    )
    play(pytester).assert_outcomes(passed=2)
