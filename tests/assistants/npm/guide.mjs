// Runs the code of a guide as it stands, then calls what it defines: node guide.mjs <code> <file to upload>.
import fs from "node:fs";
import { createRequire } from "node:module";

const [code, file] = process.argv.slice(2);
const required = createRequire(import.meta.url);
const names = `createAssistant createThread addMessage runAssistant streamAssistantResponse createFunctionCallingAssistant
  handleFunctionCall AssistantManager AssistantFileManager customerSupport robustAssistantOperation dataAnalystConfig
  supportAssistantConfig openai`.split(/\s+/);
const exported = names.map((name) => `${name}: typeof ${name} === "undefined" ? undefined : ${name}`).join(", ");
const guide = new Function("require", "fs", "process", "console", `${fs.readFileSync(code, "utf8")}\nreturn { ${exported} };`);
const written = [];
const quiet = { log: (...words) => written.push(words.join(" ")), error: (...words) => written.push(words.join(" ")) };
const spoken = { ...process, env: process.env, stdout: { write: (text) => written.push(text) } };
const it = guide(required, fs, spoken, quiet);
const found = {};

const assistant = await it.createAssistant();
found.assistant = [assistant.name, assistant.model, assistant.tools.map(({ type }) => type), assistant.response_format];
const thread = await it.createThread();
const uploaded = await it.openai.files.create({ file: fs.createReadStream(file), purpose: "assistants" });
const message = await it.addMessage(thread.id, "Look at this.", [uploaded.id]);
found.message = [message.role, message.attachments];
const run = await it.runAssistant(thread.id, assistant.id);
const manager = new it.AssistantManager(it.openai);
found.run = [run.object, (await manager.waitForRunCompletion(thread.id, run.id)).status];
written.length = 0;
await it.streamAssistantResponse(thread.id, assistant.id);
found.streamed = written.join("");

const weather = await it.createFunctionCallingAssistant();
const conversation = await manager.runConversation(weather.id, [{ role: "user", content: "Weather in Oslo?" }]);
found.conversation = [conversation.run.status, conversation.messages[0].content[0].text.value];
const asked = await it.openai.beta.threads.runs.createAndPoll(thread.id, { assistant_id: weather.id });
const call = asked.required_action.submit_tool_outputs.tool_calls[0];
await it.handleFunctionCall(thread.id, asked.id, call.id, call.function.name, JSON.parse(call.function.arguments));
found.handled = (await manager.waitForRunCompletion(thread.id, asked.id)).status;

const whole = await manager.createCompleteAssistant({
  name: "Whole", instructions: "Help.", useCodeInterpreter: true, files: [file], functions: it.supportAssistantConfig.functions,
});
found.whole = [whole.assistant.tools.map(({ type }) => type), whole.assistant.tool_resources.code_interpreter.file_ids.length];
const attached = await new it.AssistantFileManager(it.openai).uploadAndAttachFiles(weather.id, [file]);
found.attached = attached.map(({ filename, bytes }) => [filename, bytes]);

async function outcome(operation) {
  try {
    return await it.robustAssistantOperation(operation, 2);
  } catch (error) {
    return error.message;
  }
}
const { threads, assistants } = it.openai.beta;
found.errors = [
  await outcome(() => threads.retrieve("thread_none")),
  await outcome(() => assistants.create({ model: "no-such-model" })),
  await outcome(() => assistants.create({ model: "gpt-4-turbo", tools: [{ type: "function", function: { name: "not a name" } }] })),
];
let tries = 0;
const limited = new it.openai.constructor({ apiKey: "x", fetch: async () => (tries++, new Response("{}", { status: 429 })), maxRetries: 0 });
await outcome(() => limited.beta.threads.retrieve("thread_x"));
found.tries = tries;
console.log(JSON.stringify(found));
