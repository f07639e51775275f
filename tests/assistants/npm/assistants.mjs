// The checks of the openai package: node assistants.mjs <check> <package>, the result as JSON.
const [check, name] = process.argv.slice(2);
const { default: OpenAI } = await import(name);
const client = new OpenAI({ baseURL: `${process.env.DRAGOMAN_URL}/v1`, maxRetries: 0, apiKey: process.env.DRAGOMAN_API_KEY });
const { threads } = client.beta;
const current = name === "openai-now";
const model = "gpt-4-turbo";
const parameters = { type: "object", properties: { query: { type: "string" } }, required: ["query"], additionalProperties: false };
const tools = [{ type: "function", function: { name: "look_up", parameters, strict: true } }];
const said = [{ role: "user", content: "Hello!" }];

// The path of a run comes in two parameters in version 4, and in one object later.
const at = (thread, run) => (current ? [run, { thread_id: thread }] : [thread, run]);
const submit = (method, thread, run, body) =>
  current ? threads.runs[method](run, { thread_id: thread, ...body }) : threads.runs[method](thread, run, body);
const outputsOf = (run) =>
  run.required_action.submit_tool_outputs.tool_calls.map(({ id, function: { arguments: text } }) => ({
    tool_call_id: id,
    output: `found ${JSON.parse(text).query}`,
  }));
const textOf = async (thread) => (await threads.messages.list(thread)).data[0].content[0].text.value;

const checks = {
  async polled() {
    const assistant = await client.beta.assistants.create({ model, tools });
    const thread = await threads.create({ messages: said });
    const waiting = await threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id });
    const done = await submit("submitToolOutputsAndPoll", thread.id, waiting.id, { tool_outputs: outputsOf(waiting) });
    const steps = await threads.runs.steps.list(...(current ? [done.id, { thread_id: thread.id }] : [thread.id, done.id]));
    return [waiting.status, done.status, await textOf(thread.id), steps.data.map(({ type, status }) => [type, status])];
  },
  async streamed() {
    const assistant = await client.beta.assistants.create({ model, tools });
    const thread = await threads.create({ messages: said });
    const first = threads.runs.stream(thread.id, { assistant_id: assistant.id });
    const told = [];
    first.on("toolCallCreated", ({ type }) => told.push(type)).on("event", ({ event }) => told.push(event));
    const waiting = await first.finalRun();
    const second = submit("submitToolOutputsStream", thread.id, waiting.id, { tool_outputs: outputsOf(waiting) });
    let text = "";
    second.on("textDelta", ({ value }) => (text += value));
    const done = await second.finalRun();
    const [message] = await second.finalMessages();
    return [waiting.status, done.status, text, message.content[0].text.value, told.includes("function")];
  },
  async events() {
    const stream = await threads.createAndRun({ assistant_id: "local/scripted-1", thread: { messages: said }, stream: true });
    const events = [];
    for await (const { event } of stream) if (events.at(-1) !== event) events.push(event);
    return events;
  },
  async cancelled() {
    const thread = await threads.create({ messages: said });
    const run = await threads.runs.create(thread.id, { assistant_id: "local/stall" });
    const { status } = await threads.runs.cancel(...at(thread.id, run.id));
    const done = await threads.runs.poll(...at(thread.id, run.id));
    return [status, done.status];
  },
  async missing() {
    return threads.runs.create("thread_none", { assistant_id: "local/scripted-1" });
  },
};

try {
  console.log(JSON.stringify(await checks[check]()));
} catch (error) {
  if (!(error instanceof OpenAI.APIError)) throw error;
  console.log(JSON.stringify({ error: error.constructor.name, status: error.status, code: error.code, param: error.param }));
}
