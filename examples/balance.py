"""Watch a key's balance fall by exactly what a request cost. Needs: pip install openai"""

import os
from decimal import Decimal

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("DRAGOMAN_URL", "http://127.0.0.1:8484") + "/v1",
    api_key=os.environ["DRAGOMAN_API_KEY"],
)


def settled() -> Decimal:
    return Decimal(client.get("/key", cast_to=dict)["settled"])


before = settled()
answer = client.chat.completions.create(
    model="agent_demo", messages=[{"role": "user", "content": "What does this cost?"}]
)
usage = answer.usage
cost = settled() - before
print(f"{usage.prompt_tokens} input and {usage.completion_tokens} output tokens cost ${cost:f}")
assert cost * 1_000_000 == Decimal("0.10") * usage.prompt_tokens + Decimal("0.40") * usage.completion_tokens
