"""The guard as a service: one decision point for agents in any language and any process.

The engine keeps a watch for each session and decides on calls. The HTTP server, the hooks of
coding agents and the proxy for MCP servers pass calls to it, in their process or over HTTP.
"""

__all__: list[str] = []
