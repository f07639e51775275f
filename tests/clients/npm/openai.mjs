// The checks of the openai package: node openai.mjs <check>, the result as JSON.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.env.DRAGOMAN_URL}/v1`, maxRetries: 0, apiKey: process.env.DRAGOMAN_API_KEY });
const [check, model] = process.argv.slice(2);
const input = "Hello!";
const messages = [{ role: "user", content: input }];
const parameters = {
  type: "object",
  properties: { query: { type: "string" } },
  required: ["query"],
  additionalProperties: false,
};
const tools = [{ type: "function", name: "look_up", strict: true, parameters }];
const runnable = [
  {
    type: "function",
    function: { name: "look_up", parameters, parse: JSON.parse, function: ({ query }) => `found ${query}` },
  },
];

const checks = {
  async chat() {
    const stream = client.chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
    const whole = await client.chat.completions.create({ model, messages });
    const folded = await stream.finalChatCompletion();
    return [whole, folded].map(({ choices, usage }) => [choices[0].message.content, choices[0].finish_reason, usage]);
  },
  async chatTools() {
    const whole = client.chat.completions.runTools({ model, messages, tools: runnable });
    const streamed = client.chat.completions.runTools({ model, messages, tools: runnable, stream: true });
    return [await whole.finalContent(), await streamed.finalContent()];
  },
  async chatCall() {
    const tools = [{ type: "function", function: { name: "look_up", parameters } }];
    const whole = await client.chat.completions.create({ model, messages, tools });
    const streamed = await client.chat.completions.stream({ model, messages, tools }).finalChatCompletion();
    return [whole, streamed].map(({ choices: [{ message }] }) => [message.content, message.tool_calls[0].function]);
  },
  async chatFailure() {
    return client.chat.completions.stream({ model, messages }).finalChatCompletion();
  },
  async agents() {
    const { agents } = client.beta;
    const made = await agents.create({ model, name: "Clerk", metadata: { team: "a" }, tools: [{ ...tools[0], description: "" }] });
    const changed = await agents.update(made.id, { name: null, tools: null });
    const listed = [];
    for await (const agent of agents.list({ limit: 2 })) listed.push(agent.id);
    const { output_text } = await client.responses.create({ model: made.id, input });
    const gone = await agents.delete(made.id);
    const after = await agents.retrieve(made.id).catch(({ status }) => status);
    return [made.name, changed.name, changed.tools, changed.version, listed.includes(made.id), output_text, gone.deleted, after];
  },
  async approvals() {
    const server = { type: "mcp", server_label: "shop", server_url: process.argv[4] };
    const asking = client.responses.stream({ model, input, tools: [server] });
    const asked = await asking.finalResponse();
    const answers = asked.output
      .filter(({ type }) => type === "mcp_approval_request")
      .map(({ id }) => ({ type: "mcp_approval_response", approval_request_id: id, approve: true }));
    const stream = client.responses.stream({ model, input: answers, previous_response_id: asked.id, tools: [server] });
    const types = new Set();
    for await (const event of stream) types.add(event.type);
    const { output, output_text } = await stream.finalResponse();
    return [asked.output.map(({ type }) => type), output.map(({ type }) => type), output_text, [...types]];
  },
  async responses() {
    const types = [];
    const stream = client.responses.stream({ model, input, reasoning: { summary: "auto" } });
    for await (const event of stream) types.push(event.type);
    const whole = await client.responses.create({ model, input, reasoning: { summary: "auto" } });
    const results = [whole, await stream.finalResponse()];
    return { types, results: results.map(({ output_text, usage, output }) => [output_text, usage, output.map((item) => item.type)]) };
  },
  async responsesTools() {
    const first = await client.responses.stream({ model, input, tools }).finalResponse();
    const [call] = first.output;
    const result = { type: "function_call_output", call_id: call.call_id, output: `found ${call.parsed_arguments.query}` };
    const restated = [{ role: "user", content: input }, ...first.output, result];
    const second = await client.responses.stream({ model, input: restated, tools }).finalResponse();
    const chained = await client.responses.create({ model, previous_response_id: first.id, input: [result], tools });
    return [second.output_text, chained.output_text];
  },
  async responsesParse() {
    const format = { type: "json_schema", name: "query", strict: true, schema: parameters };
    const whole = await client.responses.parse({ model, input, text: { format } });
    const streamed = await client.responses.stream({ model, input, text: { format } }).finalResponse();
    return [whole.output_parsed, streamed.output_parsed];
  },
  async responsesFailure() {
    const failed = await client.responses.stream({ model, input }).finalResponse();
    return [failed.status, failed.error];
  },
};

try {
  console.log(JSON.stringify(await checks[check]()));
} catch (error) {
  if (!(error instanceof OpenAI.APIError)) throw error;
  console.log(JSON.stringify({ error: error.constructor.name, status: error.status, code: error.code, message: error.message }));
}
