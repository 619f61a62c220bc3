// The seats over HTTP.

import { createServer } from "node:http";
import { Refused } from "./seats.mjs";

const STATUS = { invalid: 400, taken: 409, not_held: 409 };
const MAX_BODY = 16 * 1024;

export function serve(seats, port) {
  const server = createServer((request, response) => {
    answer(seats, request).then(
      ([status, body]) => send(response, status, body),
      (error) => send(response, ...describe(error)),
    );
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, () => resolve(server));
  });
}

async function answer(seats, request) {
  const path = new URL(request.url, "http://localhost").pathname;
  const [, train, seat, action] = path.match(/^\/trains\/(\w+)\/seats(?:\/(\d+)\/(\w+))?$/) ?? [];
  if (path === "/health") return [200, { status: "ok" }];
  if (train && !seat && request.method === "GET") return [200, { free: seats.free(train) }];
  if (!seat || request.method !== "POST") return [404, { error: "no such page" }];
  return act(seats, action, train, Number(seat), (await readBody(request)).customer);
}

function act(seats, action, train, seat, customer) {
  switch (action) {
    case "hold":
      return [200, seats.hold(train, seat, customer)];
    case "pay":
      return [200, seats.pay(train, seat, customer)];
    case "release":
      seats.release(train, seat, customer);
      return [200, { state: "free" }];
    default:
      return [404, { error: "no such page" }];
  }
}

async function readBody(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > MAX_BODY) throw new Refused("invalid", "the body is too long");
  }
  const body = parse(text);
  if (body === null || typeof body !== "object") throw new Refused("invalid", "expected a JSON object");
  return body;
}

function parse(text) {
  try {
    return JSON.parse(text || "{}");
  } catch {
    throw new Refused("invalid", "the body is not JSON");
  }
}

function describe(error) {
  if (error instanceof Refused) return [STATUS[error.reason], { error: error.message, reason: error.reason }];
  console.error(error);
  return [500, { error: "internal error" }];
}

function send(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
