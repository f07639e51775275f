"""Let an agent call a function of yours, over Responses. Needs: pip install openai

The demo agent calls what the message tells it to; a language model decides by itself.
"""

import json
import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("DRAGOMAN_URL", "http://127.0.0.1:8484") + "/v1",
    api_key=os.environ["DRAGOMAN_API_KEY"],
)

TOOLS = [
    {
        "type": "function",
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    }
]


def get_weather(city: str) -> str:
    return f"It is 21 °C in {city}."


items = [{"role": "user", "content": '/call get_weather {"city": "Lisbon"}'}]
while True:
    response = client.responses.create(model="agent_demo", input=items, tools=TOOLS)
    calls = [item for item in response.output if item.type == "function_call"]
    if not calls:
        break
    items += [item.model_dump(exclude_none=True) for item in response.output]
    for call in calls:
        result = get_weather(**json.loads(call.arguments))
        items.append({"type": "function_call_output", "call_id": call.call_id, "output": result})

print(response.output_text)
