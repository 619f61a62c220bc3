// The service as a process of its own, as it runs for its users.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const PORT = process.env.PORT ?? "3000";
const base = `http://127.0.0.1:${PORT}`;
let service;

before(async () => {
  const main = fileURLToPath(new URL("../src/main.mjs", import.meta.url));
  service = spawn(process.execPath, [main], { env: { ...process.env, PORT }, stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface(service.stdout), "line");
  assert.equal(line, `listening on port ${PORT}`);
});

after(() => service.kill("SIGKILL"));

async function post(path, body) {
  const response = await fetch(base + path, { method: "POST", body: JSON.stringify(body) });
  return [response.status, await response.json()];
}

test("it is healthy", async () => {
  const response = await fetch(`${base}/health`);
  assert.deepEqual([response.status, await response.json()], [200, { status: "ok" }]);
});

test("a seat is held, refused to another, paid for", async () => {
  assert.equal((await post("/trains/1A23/seats/12/hold", { customer: "ada" }))[0], 200);
  const [status, refusal] = await post("/trains/1A23/seats/12/hold", { customer: "bob" });
  assert.deepEqual([status, refusal.reason], [409, "taken"]);
  const [, sold] = await post("/trains/1A23/seats/12/pay", { customer: "ada" });
  assert.deepEqual(sold, { state: "sold", customer: "ada" });
  const { free } = await (await fetch(`${base}/trains/1A23/seats`)).json();
  assert.ok(!free.includes(12) && free.includes(13));
});

test("a hold lasts as long as the service was told", async () => {
  const [, held] = await post("/trains/1A23/seats/1/hold", { customer: "ada" });
  const seconds = (held.until - Date.now()) / 1000;
  const told = Number(process.env.HOLD_SECONDS ?? 120);
  assert.ok(seconds > told - 10 && seconds <= told, `${seconds} s left of ${told}`);
});

test("bad requests are told why", async () => {
  assert.equal((await post("/trains/1A23/seats/99/hold", { customer: "ada" }))[0], 400);
  assert.equal((await post("/trains/1A23/seats/1/hold", {}))[0], 400);
  assert.equal((await post("/trains/1A23/seats/1/hold", null))[0], 400);
  assert.equal((await post("/trains/1A23/seats/1/hold", { customer: "x".repeat(20_000) }))[0], 400);
  assert.equal((await post("/trains/1A23/seats/1/eat", { customer: "ada" }))[0], 404);
});

test("it ends on SIGTERM, with code 0", async () => {
  const ended = once(service, "exit");
  service.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
});
