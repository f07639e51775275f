"""How a run opens its model calls: what is done to each on its way to the provider, in order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec import structs

from service.engine.allowance import WithinAllowance
from service.engine.compact import Compactions
from service.engine.compacting import Compacting, CompactTerms
from service.engine.custom import WithCustomTools, has_custom
from service.engine.media import Media, WithFiles, names_files
from service.engine.model_calls import MakeTerms, ModelCalls
from service.engine.ports import OpenModel
from service.engine.searching import WithSearch
from service.engine.targets import Breakers, Target, WithFallback
from service.engine.window import WithinWindow
from service.ids import new_id
from service.tools.web_search.terms import NativeSearch
from specs.contexts import KINDS, found_in
from specs.events import Warned
from specs.items import Compaction
from specs.usage import Usage, add_usages

if TYPE_CHECKING:
    from service.engine.run import Run


def opener(
    run: Run,
    calls: ModelCalls,
    targets: Sequence[Target],
    *,
    breakers: Breakers,
    media: Media,
    compactions: Compactions,
    search: NativeSearch | None = None,
) -> OpenModel:
    """The context is compacted, files are filled in, custom tools written as functions where they have to
    be, and what is too long is cut or refused; then `calls` pays and sends. Where one of the targets
    fails the next is asked; what is done once for all of them goes by the first. What a run has nothing
    for is not done to its calls.
    """
    request, profile = run.request, targets[0].profile
    custom = has_custom(request.tools, request.items)

    def tell(message: str) -> None:
        run.log.append([Warned(message)])

    def opened(target: Target) -> OpenModel:
        known = target.profile
        within = WithinWindow(calls.at(target), known, may_cut=request.may_truncate, tell=tell)
        if search is not None:
            within = WithSearch(within, search, can=known.searches, tell=tell)
        return WithCustomTools(within) if custom and not known.takes_custom_tools else within

    with_tools = opened(targets[0])
    if len(targets) > 1:
        with_tools = WithFallback([(target, opened(target)) for target in targets], breakers, run=run.id)
    if request.allowance is not None:
        used = partial(_used, calls)
        with_tools = WithinAllowance(with_tools, profile, request.allowance, used=used, tell=tell)
    with_files = WithFiles(with_tools, media, tell=tell) if names_files(request.items) else with_tools
    terms = _terms(run, compactions)
    if terms is None and Compaction not in found_in(request.items, KINDS):
        return with_files
    return Compacting(with_files, profile, terms=terms, new_id=new_id, tell=tell)


def sampled_opener(
    run: Run, calls: ModelCalls, targets: Sequence[Target], *, breakers: Breakers, terms: MakeTerms
) -> OpenModel:
    """How the run's tools open model calls of their own: none of what is done to its context is theirs."""
    opened = [(target, calls.at(target, terms=terms)) for target in targets]
    with_tools = opened[0][1] if len(opened) == 1 else WithFallback(opened, breakers, run=run.id)
    if run.request.allowance is None:
        return with_tools
    return WithinAllowance(
        with_tools,
        targets[0].profile,
        structs.replace(run.request.allowance, cuts_middle=False),
        used=partial(_used, calls),
        tell=lambda message: None,
    )


async def _used(calls: ModelCalls) -> Usage:
    return add_usages(settlement.usage for settlement in await calls.settled())


def _terms(run: Run, compactions: Compactions) -> CompactTerms | None:
    """How the context is compacted; None where it is not."""
    if run.request.compaction is None:
        return None
    seal = partial(compactions.seal, project=run.caller.project)
    return CompactTerms(run.request.compaction, run.agent.limits.max_output_tokens, seal)
