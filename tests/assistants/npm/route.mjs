// Serves one message over a route of the AI SDK as its tutorial has it, and reads the answer as its hook
// does: node route.mjs <code> <message> <another>.
import fs from "node:fs";
import { processAssistantStream } from "@ai-sdk/ui-utils";
import { transform } from "sucrase";

const [code, ...messages] = process.argv.slice(2);
const { code: plain } = transform(fs.readFileSync(code, "utf8"), { transforms: ["typescript"] });
const file = new URL(`./route-${process.pid}.mjs`, import.meta.url);
fs.writeFileSync(file, plain);
try {
  const { POST } = await import(file);
  const found = { text: [], data: [] };
  let threadId = null;
  for (const message of messages) {
    const response = await POST(new Request("http://localhost", { method: "POST", body: JSON.stringify({ threadId, message }) }));
    let text = "";
    await processAssistantStream({
      stream: response.body,
      onAssistantControlDataPart(value) {
        threadId = value.threadId;
      },
      onAssistantMessagePart(value) {
        found.data.push(value.role);
      },
      onTextPart(value) {
        text += value;
      },
      onErrorPart(value) {
        throw new Error(value);
      },
    });
    found.text.push(text);
    found.thread ??= threadId;
    found.same = found.thread === threadId;
  }
  console.log(JSON.stringify(found));
} finally {
  fs.unlinkSync(file);
}
