// Stream an answer over Chat Completions, then ask over Responses. Needs: npm install openai
import OpenAI from "openai";

const client = new OpenAI({
  baseURL: (process.env.DRAGOMAN_URL ?? "http://127.0.0.1:8484") + "/v1",
  apiKey: process.env.DRAGOMAN_API_KEY,
});

const chunks = await client.chat.completions.create({
  model: "agent_demo",
  messages: [{ role: "user", content: "Hello!" }],
  stream: true,
});
for await (const chunk of chunks) process.stdout.write(chunk.choices[0].delta.content ?? "");
console.log();

const response = await client.responses.create({ model: "agent_demo", input: "Hello!" });
console.log(response.output_text);
