// For `node --require`: Node called as Docker would be, by `@devcontainers/cli`. It knows no container,
// and an image of which nothing is known but its name.

const path = require("node:path");

const command = path.basename(process.argv[1] ?? "");
if (command === "inspect") {
  const image = { Id: "sha256:0", Os: "linux", Architecture: "amd64", Config: { Env: [], Labels: {} } };
  console.log(JSON.stringify([image]));
}
if (["inspect", "ps"].includes(command)) process.exit(0);
