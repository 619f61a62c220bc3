-- What one account has more, another has less.
SELECT transfer('customer 1', 'customer 2', 2500);
DO $$ BEGIN
    ASSERT (SELECT cents FROM accounts WHERE name = 'customer 1') = 7500, 'the payer has paid';
    ASSERT (SELECT cents FROM accounts WHERE name = 'customer 2') = 12500, 'the payee has it';
    ASSERT (SELECT sum(cents) FROM accounts) = 0, 'money is neither made nor lost';
END $$;
