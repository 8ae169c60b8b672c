"""The environment variables that hold the keys of providers."""

from __future__ import annotations

import os
from collections.abc import Mapping

from allegiance.scenario.roles import Model

KEYS: Mapping[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "azure_openai": ("AZURE_OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google_genai": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "mistralai": ("MISTRAL_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "xai": ("XAI_API_KEY",),
    "cohere": ("COHERE_API_KEY", "CO_API_KEY"),
    "together": ("TOGETHER_API_KEY",),
    "fireworks": ("FIREWORKS_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "perplexity": ("PERPLEXITY_API_KEY", "PPLX_API_KEY"),
}
"""The environment variables of a provider's key; one of them must be set."""


def missing_key(model: Model) -> str:
    """Return which key a model lacks, as a message; empty if no key is known to be missing."""
    if model.scripted_agent or model.native is not None or model.base_url:
        return ""
    names = KEYS.get(model.provider[0], ())
    if not names or any(os.environ.get(name) for name in names):
        return ""
    return f"{model.spec} needs {' or '.join(names)}, which is not set"
