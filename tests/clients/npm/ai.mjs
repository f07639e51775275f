// The checks of the ai package: node ai.mjs <check> <chat or responses> <model>, the result as JSON.
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, isStepCount, jsonSchema, streamText, tool } from "ai";

const openai = createOpenAI({ baseURL: `${process.env.DRAGOMAN_URL}/v1`, apiKey: process.env.DRAGOMAN_API_KEY });
const [check, api, id] = process.argv.slice(2);
const asked = { model: openai[api](id), prompt: "Hello!", maxRetries: 0, stopWhen: isStepCount(3) };
const tools = {
  look_up: tool({
    inputSchema: jsonSchema({
      type: "object",
      properties: { query: { type: "string" } },
      required: ["query"],
      additionalProperties: false,
    }),
    execute: async ({ query }) => `found ${query}`,
  }),
};

async function streamed(options) {
  const parts = [];
  const stream = streamText({ ...asked, ...options, onError() {} });
  for await (const part of stream.fullStream) parts.push(part);
  return parts;
}

const textOf = (parts) => parts.filter(({ type }) => type === "text-delta").map(({ text }) => text).join("");

const checks = {
  async text() {
    const { text, finishReason } = await generateText(asked);
    return [text, textOf(await streamed()), finishReason];
  },
  async tools() {
    const whole = await generateText({ ...asked, tools });
    const parts = await streamed({ tools });
    const count = (wanted) => parts.filter(({ type }) => type === wanted).length;
    return [whole.text, textOf(parts), count("tool-result"), count("text-start")];
  },
  async reasoning() {
    const parts = await streamed({ providerOptions: { openai: { forceReasoning: true, reasoningSummary: "auto" } } });
    return parts.filter(({ type }) => type === "reasoning-delta").map(({ text }) => text).join("");
  },
  async failure() {
    return (await streamed()).filter(({ type }) => type === "error").map(({ error }) => error.message);
  },
};

console.log(JSON.stringify(await checks[check]()));
