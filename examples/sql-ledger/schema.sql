-- Accounts, and transfers between them: money is neither made nor lost, and no account is overdrawn.
CREATE TABLE accounts (
    name text PRIMARY KEY,
    cents bigint NOT NULL DEFAULT 0 CHECK (cents >= 0 OR name = 'cash')
);

CREATE TABLE transfers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payer text NOT NULL REFERENCES accounts,
    payee text NOT NULL REFERENCES accounts CHECK (payee <> payer),
    cents bigint NOT NULL CHECK (cents > 0)
);

CREATE FUNCTION transfer(payer text, payee text, amount bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE made bigint;
BEGIN
    -- Always in the same order, so that two transfers never wait for each other.
    PERFORM 1 FROM accounts WHERE name IN (payer, payee) ORDER BY name FOR UPDATE;
    UPDATE accounts SET cents = cents - amount WHERE name = payer;
    UPDATE accounts SET cents = cents + amount WHERE name = payee;
    INSERT INTO transfers (payer, payee, cents) VALUES (payer, payee, amount) RETURNING id INTO made;
    RETURN made;
END $$;

INSERT INTO accounts (name) SELECT 'customer ' || n FROM generate_series(1, 20) AS n;
INSERT INTO accounts (name) VALUES ('cash');
SELECT transfer('cash', name, 10000) FROM accounts WHERE name <> 'cash';
