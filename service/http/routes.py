"""Every route, under the paths it answers at."""

from __future__ import annotations

from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.exceptions import HTTPException

from service.http import (
    actions,
    agents,
    background,
    compaction,
    conversations,
    files,
    health,
    inference,
    input_tokens,
    keys,
    messages,
    models,
    responses,
    schema,
    uploads,
    user_keys,
    websocket,
)
from service.http.assistants.assistants import ASSISTANT_HANDLERS
from service.http.assistants.routes import THREAD_HANDLERS
from service.http.auth import admit
from service.http.errors import note_refusal, on_crash, on_dragoman_error, on_http_exception
from service.http.idempotency import Replay, on_replay
from service.http.incoming import Incoming
from service.http.organization import credentials
from service.http.organization.money_routes import MONEY_HANDLERS
from service.http.organization.routes import ACCESS_HANDLERS
from specs.errors import DragomanError

API_HANDLERS = (
    inference.create_chat_completion,
    inference.create_response,
    messages.create_message,
    messages.count_message_tokens,
    compaction.compact_response,
    responses.retrieve_response,
    responses.delete_response,
    responses.list_input_items,
    background.cancel_response,
    conversations.create_conversation,
    conversations.retrieve_conversation,
    conversations.update_conversation,
    conversations.delete_conversation,
    conversations.create_items,
    conversations.list_items,
    conversations.retrieve_item,
    conversations.delete_item,
    *ASSISTANT_HANDLERS,
    *THREAD_HANDLERS,
    agents.create_agent,
    agents.list_agents,
    agents.retrieve_agent,
    agents.update_agent,
    agents.delete_agent,
    agents.list_agent_versions,
    agents.restore_agent,
    actions.validate_action,
    models.list_models,
    models.retrieve_model,
    keys.retrieve_key,
    user_keys.create_key,
    user_keys.list_keys,
    user_keys.retrieve_own_key,
    user_keys.rotate_key,
    user_keys.delete_key,
    *ACCESS_HANDLERS,
    *MONEY_HANDLERS,
    *credentials.HANDLERS,
    input_tokens.count_input_tokens,
    files.create_file,
    files.list_files,
    files.retrieve_file,
    files.delete_file,
    files.download_file,
    uploads.create_upload,
    uploads.add_upload_part,
    uploads.complete_upload,
    uploads.cancel_upload,
)
SOCKET_HANDLERS = (websocket.converse,)
TOP_HANDLERS = (("/health", health.live), ("/health", health.ready), ("", schema.schema))
"""Routes outside the API paths, each with the prefix it hangs under."""
API_PATHS = ("/v1", "/api/agents/v1")
"""The second is where LibreChat serves its Agents API, so that its callers need only another host."""


def create_app(*, cors_origins: list[str], max_body_bytes: int) -> Litestar:
    """The Litestar application; the edge tells each request which house it came to."""
    return Litestar(
        route_handlers=[
            *(Router(path, route_handlers=[*API_HANDLERS, *SOCKET_HANDLERS]) for path in API_PATHS),
            *(Router(prefix or "/", route_handlers=[handler]) for prefix, handler in TOP_HANDLERS),
        ],
        guards=[admit],
        after_exception=[note_refusal],
        exception_handlers={
            DragomanError: on_dragoman_error,
            Replay: on_replay,
            HTTPException: on_http_exception,
            Exception: on_crash,
        },
        request_class=Incoming,
        request_max_body_size=max_body_bytes,
        cors_config=CORSConfig(allow_origins=cors_origins) if cors_origins else None,
        openapi_config=None,
        logging_config=None,
    )
