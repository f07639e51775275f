"""Objects of a running service, made over its API, so that a request can name one that exists."""

from __future__ import annotations

from typing import Any

import httpx

PART = b"a part"


class Objects:
    """Makes what path parameters and fields name. Each call makes a new one."""

    def __init__(self, http: httpx.Client, *, agent: str) -> None:
        self._http = http
        self.agent = agent

    def named(self, *parameters: str) -> dict[str, str]:
        """Values for path parameters that stand together in one path; KeyError for an unknown one."""
        made = {"model": self.agent} if "model" in parameters else {}
        if "item_id" in parameters:
            conversation = self.conversation()
            return {"conversation_id": conversation["id"], "item_id": self._first_item(conversation["id"])}
        makers = {
            "agent_id": self.agent_object,
            "assistant_id": self.assistant,
            "file_id": self.file,
            "upload_id": self.upload,
            "response_id": self.response,
            "conversation_id": self.conversation,
        }
        return made | {name: makers[name]()["id"] for name in parameters if name not in made}

    def agent_object(self) -> dict[str, Any]:
        """An agent made over the API."""
        return self._post("/v1/agents", json={"model": self.agent})

    def assistant(self) -> dict[str, Any]:
        """An assistant."""
        return self._post("/v1/assistants", json={"model": self.agent})

    def file(self) -> dict[str, Any]:
        """A stored file."""
        return self._post("/v1/files", files={"file": ("a.txt", b"text")}, data={"purpose": "user_data"})

    def upload(self) -> dict[str, Any]:
        """A begun upload of one part's size."""
        wanted = {"filename": "a.txt", "purpose": "user_data", "bytes": len(PART), "mime_type": "text/plain"}
        return self._post("/v1/uploads", json=wanted)

    def part(self, upload: str) -> dict[str, Any]:
        """The one part of an upload."""
        return self._post(f"/v1/uploads/{upload}/parts", files={"data": ("part", PART)})

    def response(self) -> dict[str, Any]:
        """A stored response."""
        return self._post("/v1/responses", json={"model": self.agent, "input": "Hi", "store": True})

    def conversation(self) -> dict[str, Any]:
        """A conversation of one message."""
        return self._post("/v1/conversations", json={"items": [{"role": "user", "content": "Hi"}]})

    def _first_item(self, conversation: str) -> str:
        return self._http.get(f"/v1/conversations/{conversation}/items").json()["data"][0]["id"]

    def _post(self, path: str, **content: Any) -> dict[str, Any]:
        response = self._http.post(path, **content)
        assert response.status_code == 200, response.text
        return response.json()
