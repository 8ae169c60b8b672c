"""The environment variables that hold the keys of providers, and errors about a missing one."""

from __future__ import annotations

import os
from collections.abc import Mapping

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

_SIGNS = ("api_key", "api key", "apikey", "credential", "authentication")
"""What a client says that has no key, if it does not name the variable."""


def has_key(provider: str) -> bool:
    """Tell whether a provider's key is set, or is not known to be needed."""
    names = KEYS.get(provider, ())
    return not names or any(os.environ.get(name) for name in names)


def missing_variable(text: str, provider: str = "") -> str:
    """Return the variable of the key that an error says is missing; empty if it does not.

    Args:
        text: The text of the error.
        provider: The provider of the model that failed; empty if it is not known.
    """
    for name, variables in KEYS.items():
        for variable in variables:
            if variable in text and not has_key(name):
                return variable
    lowered = text.casefold()
    if not has_key(provider) and any(sign in lowered for sign in _SIGNS):
        return KEYS[provider][0]
    return ""
