import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { Refused, Seats } from "../src/seats.mjs";

const refusedFor = (reason) => (error) => error instanceof Refused && error.reason === reason;

describe("seats", () => {
  let now;
  let seats;

  beforeEach(() => {
    now = 0;
    seats = new Seats({ seatsPerTrain: 4, holdMs: 1000, now: () => now });
  });

  test("a held seat is not free to others", () => {
    seats.hold("1A23", 2, "ada");
    assert.deepEqual(seats.free("1A23"), [1, 3, 4]);
    assert.throws(() => seats.hold("1A23", 2, "bob"), refusedFor("taken"));
  });

  test("the same seat of another train is another seat", () => {
    seats.hold("1A23", 2, "ada");
    assert.equal(seats.hold("2B10", 2, "bob").state, "held");
  });

  test("a hold runs out at its time, not before", () => {
    seats.hold("1A23", 2, "ada");
    now = 999;
    assert.throws(() => seats.hold("1A23", 2, "bob"), refusedFor("taken"));
    now = 1000;
    assert.equal(seats.hold("1A23", 2, "bob").customer, "bob");
  });

  test("holding again prolongs the hold", () => {
    seats.hold("1A23", 2, "ada");
    now = 900;
    assert.equal(seats.hold("1A23", 2, "ada").until, 1900);
  });

  test("a hold that has run out cannot be paid for", () => {
    seats.hold("1A23", 2, "ada");
    now = 1000;
    assert.throws(() => seats.pay("1A23", 2, "ada"), refusedFor("not_held"));
  });

  test("a sold seat stays sold", () => {
    seats.hold("1A23", 2, "ada");
    seats.pay("1A23", 2, "ada");
    now = 1_000_000;
    assert.deepEqual(seats.free("1A23"), [1, 3, 4]);
    assert.equal(seats.pay("1A23", 2, "ada").state, "sold");
    assert.equal(seats.hold("1A23", 2, "ada").state, "sold");
    assert.throws(() => seats.release("1A23", 2, "ada"), refusedFor("not_held"));
  });

  test("only who holds a seat may pay for it or release it", () => {
    seats.hold("1A23", 2, "ada");
    assert.throws(() => seats.pay("1A23", 2, "bob"), refusedFor("not_held"));
    assert.throws(() => seats.release("1A23", 2, "bob"), refusedFor("not_held"));
    seats.release("1A23", 2, "ada");
    assert.equal(seats.free("1A23").length, 4);
  });

  for (const [seat, customer] of [[0, "ada"], [5, "ada"], [1.5, "ada"], [1, " "], [1, undefined]]) {
    test(`seat ${seat} for ${JSON.stringify(customer)} is refused`, () => {
      assert.throws(() => seats.hold("1A23", seat, customer), refusedFor("invalid"));
    });
  }
});
