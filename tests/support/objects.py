"""Objects of a running service, made over its API, so that a request can name one that exists."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import httpx

from tests.support.patience import PATIENCE

PART = b"a part"
_numbers = count()


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
        if "thread_id" in parameters:
            return self._in_thread(parameters)
        if "project_id" in parameters:
            made["project_id"] = self.project()["id"]
        makers = self._makers_in(made.get("project_id"))
        return made | {name: makers[name]()["id"] for name in parameters if name not in made}

    def _makers_in(self, project: str | None) -> dict[str, Any]:
        """What makes each parameter's object: in the project of the path, or in the caller's own."""
        if project is not None:
            return {
                "credential_id": lambda: self.credential(f"/v1/organization/projects/{project}/credentials"),
                "key_id": lambda: self.project_key(project),
                "service_account_id": lambda: self.service_account(project),
                "user_id": lambda: self.member(project),
            }
        return {
            "account_id": self.account,
            "admin_key_id": self.admin_key,
            "agent_id": self.agent_object,
            "assistant_id": self.assistant,
            "conversation_id": self.conversation,
            "credential_id": self.own_credential,
            "file_id": self.file,
            "key_id": self.own_key,
            "response_id": self.response,
            "upload_id": self.upload,
            "user_id": self.user,
        }

    def agent_object(self) -> dict[str, Any]:
        """An agent made over the API."""
        return self._post("/v1/agents", json={"model": self.agent})

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

    def own_key(self) -> dict[str, Any]:
        """A key of the user who asks."""
        return self._post("/v1/keys", json={"name": "own"})

    def project(self) -> dict[str, Any]:
        """A project."""
        return self._post("/v1/organization/projects", json={"name": f"made {next(_numbers)}"})

    def project_key(self, project: str) -> dict[str, Any]:
        """A key of a project."""
        return self._post(f"/v1/organization/projects/{project}/api_keys", json={"name": "key"})

    def service_account(self, project: str) -> dict[str, Any]:
        """A service account."""
        return self._post(f"/v1/organization/projects/{project}/service_accounts", json={"name": "robot"})

    def user(self) -> dict[str, Any]:
        """A user in no project."""
        email = f"user{next(_numbers)}@example.com"
        return self._post("/v1/organization/users", json={"email": email})

    def member(self, project: str) -> dict[str, Any]:
        """A user in a project."""
        joining = {"user_id": self.user()["id"], "role": "member"}
        return self._post(f"/v1/organization/projects/{project}/users", json=joining)

    def admin_key(self) -> dict[str, Any]:
        """A key of administration."""
        return self._post("/v1/organization/admin_api_keys", json={"name": "deputy"})

    def credential(self, path: str) -> dict[str, Any]:
        """A provider credential; the provider `theirs` must be configured to be given them."""
        return self._post(path, json={"provider": "theirs", "api_key": "sk-not-a-real-one"})

    def own_credential(self) -> dict[str, Any]:
        """One of the user who asks, in the place of the one there was: there is one for each provider."""
        for each in self._http.get("/v1/credentials").json()["data"]:
            self._http.delete(f"/v1/credentials/{each['id']}")
        return self.credential("/v1/credentials")

    def account(self) -> dict[str, Any]:
        """An account, of the newest project."""
        wanted = {"project_id": self.project()["id"], "name": "account"}
        return self._post("/v1/organization/accounts", json=wanted)

    def assistant(self) -> dict[str, Any]:
        """An assistant."""
        return self._post("/v1/assistants", json={"model": self.agent})

    def thread(self) -> dict[str, Any]:
        """A thread of one message."""
        return self._post("/v1/threads", json={"messages": [{"role": "user", "content": "Hi"}]})

    def run(self, thread: str) -> dict[str, Any]:
        """A run on a thread."""
        return self._post(f"/v1/threads/{thread}/runs", json={"assistant_id": self.agent})

    def _in_thread(self, parameters: tuple[str, ...]) -> dict[str, str]:
        thread = self.thread()["id"]
        path = f"/v1/threads/{thread}"
        made = {"thread_id": thread}
        if "run_id" in parameters:
            made["run_id"] = self.run(thread)["id"]
        if "step_id" in parameters:
            made["step_id"] = self._first(f"{path}/runs/{made['run_id']}/steps")
        if "message_id" in parameters:
            made["message_id"] = self._first(f"{path}/messages")
        return {name: made[name] for name in parameters}

    def _first(self, path: str) -> str:
        """The first of a list, once there is one."""
        deadline = time.monotonic() + PATIENCE
        while not (listed := self._http.get(path).json()["data"]):
            assert time.monotonic() < deadline, f"{path} stayed empty"
            time.sleep(0.01)
        return listed[0]["id"]

    def _first_item(self, conversation: str) -> str:
        return self._http.get(f"/v1/conversations/{conversation}/items").json()["data"][0]["id"]

    def _post(self, path: str, **content: Any) -> dict[str, Any]:
        response = self._http.post(path, **content)
        assert response.status_code == 200, response.text
        return response.json()
