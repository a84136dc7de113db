"""Greatwheel as an MCP server: agents as tools, sessions as resources, over HTTP (`endpoint`) and stdio.

What a client asks is done by a `port.Wheel`: in a server's process (`inhouse`), or through a server's API (`remote`).
"""
