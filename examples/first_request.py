"""Stream an answer over Chat Completions, then ask over Responses. Needs: pip install openai"""

import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("DRAGOMAN_URL", "http://127.0.0.1:8484") + "/v1",
    api_key=os.environ["DRAGOMAN_API_KEY"],
)

chunks = client.chat.completions.create(
    model="agent_demo",
    messages=[{"role": "user", "content": "Hello!"}],
    stream=True,
)
for chunk in chunks:
    print(chunk.choices[0].delta.content or "", end="", flush=True)
print()

response = client.responses.create(model="agent_demo", input="Hello!")
print(response.output_text)
print(response.usage.total_tokens, "tokens")
