// Lets many customers try for the seats of one train at once, then counts: every seat sold, none sold twice.

import assert from "node:assert/strict";
import { serve } from "../src/http.mjs";
import { Seats } from "../src/seats.mjs";

const customers = Number(process.env.CUSTOMERS ?? 200);
const seats = new Seats({ seatsPerTrain: 40 });
const server = await serve(seats, Number(process.env.PORT ?? 3000));
// A busy machine may need longer than the usual 5 s between two requests of one customer.
server.keepAliveTimeout = 120_000;
const train = `http://127.0.0.1:${server.address().port}/trains/1A23/seats`;

async function post(seat, action, customer) {
  const response = await fetch(`${train}/${seat}/${action}`, { method: "POST", body: JSON.stringify({ customer }) });
  await response.arrayBuffer();
  return response.ok;
}

// Tries what is free, each customer from another end, until one seat is theirs or none is left.
async function buy(customer, index) {
  for (;;) {
    const { free } = await (await fetch(train)).json();
    if (free.length === 0) return undefined;
    const seat = free[index % free.length];
    if ((await post(seat, "hold", customer)) && (await post(seat, "pay", customer))) return seat;
  }
}

const names = Array.from({ length: customers }, (_, index) => `customer-${index}`);
const bought = (await Promise.all(names.map(buy))).filter((seat) => seat !== undefined);
server.close();
server.closeAllConnections();

console.info(`${customers} customers, ${bought.length} seats sold`);
assert.equal(bought.length, Math.min(customers, 40), "not every seat was sold");
assert.equal(new Set(bought).size, bought.length, "a seat was sold twice");
