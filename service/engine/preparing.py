"""What an admitted run will do: its models in their order, its tools, and the loop over them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeAlias

import structlog
from msgspec import structs

from providers.base import Call, Provider
from service.engine.approvals import Approvals, Asking, Whose
from service.engine.compact import Compactions
from service.engine.loop import Loop
from service.engine.media import FileReader, Media, NoFiles
from service.engine.model_calls import ModelCalls
from service.engine.opening import opener, sampled_opener
from service.engine.ports import PerTenant
from service.engine.purse import RunPurse
from service.engine.resolve import refuse_taken_names, refuse_unknown_servers, resolve
from service.engine.resolve_hosted import may_have_hosted
from service.engine.run import Run
from service.engine.sampling import RunSampler
from service.engine.targets import Breakers, Target
from service.engine.witness import Witness
from service.ids import new_id
from service.ledger.holds import Ledger, Terms
from service.telemetry.metrics import Metrics
from service.tools.base import NoTools, RunFacts, ToolSet
from service.tools.purse import Purse
from service.tools.sampler import Sampler
from service.tools.wary import wary
from service.tools.web_search.terms import NativeSearch
from specs.agents import Agent
from specs.errors import InvalidRequest, ServerError
from specs.prices import Price
from specs.requests import RunRequest

log = structlog.get_logger()


class FindPrice(Protocol):
    """What a provider's model costs. Raises ServerError when nobody knows."""

    def __call__(self, provider: str, model: str, *, service_tier: str | None) -> Price: ...


FindSearch: TypeAlias = Callable[[Agent, RunRequest], NativeSearch | None]
"""The search that is left to the model's provider."""


class Preparing:
    """Puts together what runs do. What runs share, such as which models are healthy, is here."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        provider: Callable[[str], Provider],
        price: FindPrice,
        compactions: Compactions,
        attempts: int = 2,
        min_output_tokens: int = 256,
        metrics: Metrics | None = None,
        files: FileReader | None = None,
        max_file_bytes: int = 32 * 1024 * 1024,
        tools: Callable[[RunFacts], ToolSet] = lambda _: NoTools(),
        searches: Callable[[Agent], bool] = lambda _: False,
        native_search: FindSearch = lambda agent, request: None,
        approvals: Approvals | None = None,
    ) -> None:
        """Without `approvals` nobody can be asked for any."""
        self._approvals = approvals
        self._searches = searches
        self._native_search = native_search
        self._tools = tools
        self._files = files or NoFiles()
        self._compactions = compactions
        self._max_file_bytes = max_file_bytes
        self._metrics = metrics or Metrics()
        self._min_output_tokens = min_output_tokens
        self._attempts = attempts
        self._ledger = ledger
        self._provider = provider
        self._price = price
        self._breakers = Breakers()

    def resolved(self, request: RunRequest, agent: Agent, *, project: str, now: int) -> RunRequest:
        """What is really asked of the agent.

        Raises InvalidRequest where the two cannot go together, or what was not asked is approved.
        """
        if request.approvals and self._approvals is not None:
            request = self._approvals.judged(request, Whose(project, agent.id), now=now)
        searches = may_have_hosted(request, agent) and self._searches(agent)
        return resolve(request, agent, searches=searches)

    def work(self, run: Run) -> tuple[Loop, ModelCalls]:
        """What this run will do.

        Raises InvalidRequest where request and agent cannot go together, ServerError where the agent's
        model has no price.
        """
        return self._loop(run, self._targets(run))

    def _targets(self, run: Run) -> list[Target]:
        """The agent's models in their order. One that stands in for another may lack what is asked for."""
        first, *others = run.agent.models
        targets = [self._target(first, run)]
        for name in others:
            try:
                targets.append(self._target(name, run))
            except (InvalidRequest, ServerError) as error:
                log.warning("model_left_out", run=run.id, model=name, code=error.code)
        return targets

    def _target(self, name: str, run: Run) -> Target:
        provider_name, _, model = name.partition("/")
        price = self._price(provider_name, model, service_tier=run.request.settings.service_tier)
        provider = self._provider(provider_name)
        if isinstance(provider, PerTenant):
            provider = provider.of(project=run.caller.project, user=run.caller.user)
        return Target(provider, model, price, provider.profile(model))

    def _loop(self, run: Run, targets: list[Target]) -> tuple[Loop, ModelCalls]:
        calls = ModelCalls(
            ledger=self._ledger,
            terms=partial(self._terms, run),
            new_id=new_id,
            witness=Witness(self._metrics, run=run.id, api=run.api),
            unfollowed=run.log.unfollowed,
            attempts=self._attempts,
        )
        hosted = may_have_hosted(run.request, run.agent)
        tools = self._hosted(run, calls, targets) if hosted else NoTools()
        refuse_taken_names(run.request, tools)
        refuse_unknown_servers(run.request, tools)
        media = Media(self._files, project=run.caller.project, most=self._max_file_bytes)
        loop = Loop(
            run.request,
            model=targets[0].model,
            limits=run.agent.limits,
            open_model=opener(
                run,
                calls,
                targets,
                breakers=self._breakers,
                media=media,
                compactions=self._compactions,
                search=self._native_search(run.agent, run.request) if hosted else None,
            ),
            tools=tools,
            log=run.log,
            abandoned=lambda: run.abandoned,
            asking=self._asking(run),
        )
        return loop, calls

    def _hosted(self, run: Run, calls: ModelCalls, targets: list[Target]) -> ToolSet:
        """What the server runs for this run."""
        facts = facts_of(run, RunPurse(run, calls, self._ledger), self._sampler(run, calls, targets))
        return wary(self._tools(facts), run.request.items)

    def _sampler(self, run: Run, calls: ModelCalls, targets: list[Target]) -> RunSampler:
        def terms(target: Target, call: Call, spent: int) -> Terms:
            return structs.replace(self._terms(run, target, call, spent), cap_given=True)

        return RunSampler(
            partial(sampled_opener, run, calls, targets, breakers=self._breakers, terms=terms),
            lambda: calls.step,
            model=targets[0].model,
            ceiling=run.agent.limits.max_output_tokens,
        )

    def _asking(self, run: Run) -> Asking | None:
        if self._approvals is None or not run.request.may_ask:
            return None
        return Asking(self._approvals, run.request, Whose(run.caller.project, run.agent.id))

    def _terms(self, run: Run, target: Target, call: Call, spent: int) -> Terms:
        cap = run.request.settings.max_output_tokens
        least = run.request.min_output_tokens or self._min_output_tokens
        limit = run.agent.limits.max_cost
        return Terms(
            run=run.id,
            step=call.step,
            attempt=call.attempt,
            key=run.caller.key,
            key_name=run.caller.key_name,
            account=run.caller.account,
            project=run.caller.project,
            agent=run.agent.id,
            agent_version=run.agent.version,
            api=run.api,
            provider=target.provider.name,
            model=target.model,
            price=target.price,
            profile=target.profile,
            cap_given=cap is not None,
            min_output_tokens=least if cap is None else min(least, cap),
            max_cost=None if limit is None else max(0, limit - spent),
        )


def facts_of(run: Run, purse: Purse, sampler: Sampler) -> RunFacts:
    """What tools may know of a run."""
    caller = run.caller
    return RunFacts(run.id, run.agent, run.request, caller.project, caller.key, caller.user, purse, sampler)
