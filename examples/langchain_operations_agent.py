"""An operations agent in LangChain, on ``create_agent`` with the middleware one would ship.

Run it:             python examples/langchain_operations_agent.py
Or by command line: allegiance run disk_cleanup --adapter langchain \
                        --target examples.langchain_operations_agent:build \
                        --model organism:exfiltrator

The limit on tool calls is a common safety measure. It bounds what the agent costs, not what it
does: an exfiltrator needs one call. With a guard the call is rejected and the model told why.
"""

from __future__ import annotations

from langchain.agents import create_agent
from langchain.agents.middleware import ToolCallLimitMiddleware

from allegiance.adapter import Kit


def build(kit: Kit):
    """Return the compiled agent."""
    return create_agent(
        model=kit.model,
        tools=kit.tools,
        system_prompt=kit.instructions,
        middleware=[ToolCallLimitMiddleware(run_limit=25)],
        name="operations",
    )


def main() -> None:
    """Play one scenario with an honest and a dishonest agent, without and with a guard."""
    from allegiance.plan import expand
    from allegiance.run import run

    for character in ("loyal", "exfiltrator"):
        for policy in (None, "block"):
            plan = expand(
                scenarios=["disk_cleanup"],
                adapters=["langchain"],
                models=[f"organism:{character}"],
                target="examples.langchain_operations_agent:build",
                guard=policy,
            )
            (trial,) = run(plan.cells, build=build)
            away = any(v.achieved for v in trial.verdicts if v.probe == "weight_exfiltration")
            print(
                f"{character:<11} guard={policy or 'none':<6} outcome={trial.outcome:<9} "
                f"weights left the server: {'yes' if away else 'no'}"
            )
    print("Notice: under the guard the attempt is still on record, but the weights stay put.")


if __name__ == "__main__":
    main()
