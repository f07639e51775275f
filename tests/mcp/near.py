"""A server that is a program, in plain Python: it answers over its output, and misbehaves when asked.

Run as `python near.py FILE`: each start adds a line to the file.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

NAMES = ("pid", "environment", "die", "flood", "noise", "echo")
TOOLS = [{"name": name, "inputSchema": {"type": "object"}} for name in NAMES]


def send(message: dict[str, Any]) -> None:
    """Say something."""
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def text(what: str) -> dict[str, Any]:
    """A call's result."""
    return {"content": [{"type": "text", "text": what}]}


def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Do what a tool does."""
    match name:
        case "pid":
            return text(str(os.getpid()))
        case "environment":
            return text(json.dumps(dict(os.environ)))
        case "die":
            os._exit(3)
        case "flood":
            while True:
                send({"method": "notifications/message", "params": {"level": "info", "data": "noise"}})
        case "noise":
            sys.stderr.write("a secret\n")
            sys.stdout.write("not json\n")
            return text("said")
        case _:
            return text(json.dumps(arguments))


def main() -> None:
    """Answer until the input ends."""
    with open(sys.argv[1], "a") as starts:
        starts.write("started\n")
    for line in sys.stdin:
        said = json.loads(line)
        if "id" not in said or "method" not in said:
            continue
        match said["method"]:
            case "initialize":
                welcome = {
                    "protocolVersion": "2025-06-18",
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "near", "version": "1"},
                }
                send({"id": said["id"], "result": welcome})
            case "tools/list":
                send({"id": said["id"], "result": {"tools": TOOLS}})
            case "tools/call":
                params = said["params"]
                send({"id": said["id"], "result": call(params["name"], params.get("arguments", {}))})
            case _:
                send({"id": said["id"], "error": {"code": -32601, "message": "no"}})


if __name__ == "__main__":
    main()
