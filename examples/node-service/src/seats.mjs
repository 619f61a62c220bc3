// Who holds and who has which seat. Knows nothing of HTTP; the clock is given, so that tests move it.

export class Refused extends Error {
  constructor(reason, message) {
    super(message);
    this.reason = reason;
  }
}

export class Seats {
  #trains = new Map();

  constructor({ seatsPerTrain = 64, holdMs = 120_000, now = Date.now } = {}) {
    this.seatsPerTrain = seatsPerTrain;
    this.holdMs = holdMs;
    this.now = now;
  }

  // Keeps the seat for this customer for a while. Asking again prolongs the hold.
  hold(train, seat, customer) {
    this.#check(seat, customer);
    const current = this.#current(train, seat);
    if (current && current.customer !== customer) {
      throw new Refused("taken", `seat ${seat} of ${train} is ${current.state}`);
    }
    if (current?.state === "sold") return current;
    return this.#set(train, seat, { state: "held", customer, until: this.now() + this.holdMs });
  }

  // Sells a held seat. Paying twice is the same as paying once.
  pay(train, seat, customer) {
    this.#check(seat, customer);
    const current = this.#current(train, seat);
    if (current?.customer !== customer) {
      throw new Refused("not_held", `${customer} does not hold seat ${seat} of ${train}`);
    }
    return this.#set(train, seat, { state: "sold", customer });
  }

  release(train, seat, customer) {
    this.#check(seat, customer);
    const current = this.#current(train, seat);
    if (current?.customer !== customer || current.state !== "held") {
      throw new Refused("not_held", `${customer} does not hold seat ${seat} of ${train}`);
    }
    this.#trains.get(train).delete(seat);
  }

  // The numbers of the seats that anyone may hold now.
  free(train) {
    const numbers = Array.from({ length: this.seatsPerTrain }, (_, index) => index + 1);
    return numbers.filter((seat) => !this.#current(train, seat));
  }

  #check(seat, customer) {
    if (!Number.isInteger(seat) || seat < 1 || seat > this.seatsPerTrain) {
      throw new Refused("invalid", `seats are numbered from 1 to ${this.seatsPerTrain}`);
    }
    if (typeof customer !== "string" || customer.trim() === "") {
      throw new Refused("invalid", "a customer needs a name");
    }
  }

  // A hold that has run out counts for nothing, whether or not anyone has cleared it away.
  #current(train, seat) {
    const found = this.#trains.get(train)?.get(seat);
    return found?.state === "held" && found.until <= this.now() ? undefined : found;
  }

  #set(train, seat, entry) {
    if (!this.#trains.has(train)) this.#trains.set(train, new Map());
    this.#trains.get(train).set(seat, entry);
    return entry;
  }
}
