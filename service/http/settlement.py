"""How a response was charged, shown to whoever paid."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.types import ASGIApp

from service.http.answers import json_answer
from service.http.auth import ANY_KEY
from service.http.house import house_of, key_of
from service.http.organization.ledger_wires import settlement_to_wire
from service.ids import run_of
from service.store.entry_records import Charge
from service.store.ports import KeyRecord
from specs.errors import NotFound
from specs.openai.organization_ledger import ResponseSettlement
from specs.scopes import ADMIN

USAGE_READ = "usage.read"


@get(
    "/responses/{response_id:str}/settlement",
    opt={"scope": ANY_KEY, "answer": ResponseSettlement},
    operation_id="retrieveSettlement",
    summary="Show how a response was charged",
    tags=["Keys"],
)
async def retrieve_settlement(request: Request[Any, Any, Any], response_id: str) -> ASGIApp:
    """Every attempt at a model call of a response, chat completion or message: tokens by class, rates,
    cost, and who paid. A key sees its own; with the scope `usage.read` those of its project, and with
    `admin` every one. Charges outlive the response."""
    key = key_of(request)
    project = None if ADMIN in key.scopes else key.project
    charges = await house_of(request).desk.entries.of_run(run_of(response_id), project=project)
    if not charges or not _may_see(key, charges[0]):
        raise NotFound("There is no charge for such a response.", param="response_id")
    return json_answer(settlement_to_wire(response_id, charges))


def _may_see(key: KeyRecord, charge: Charge) -> bool:
    return charge.usage.key == key.id or bool({ADMIN, USAGE_READ} & set(key.scopes))
