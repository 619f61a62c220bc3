-- Nobody pays what they do not have, and nothing of such a transfer is kept.
DO $$ BEGIN
    PERFORM transfer('customer 3', 'customer 4', 10001);
    RAISE 'an account was overdrawn';
EXCEPTION WHEN check_violation THEN
    NULL;
END $$;
DO $$ BEGIN
    ASSERT (SELECT cents FROM accounts WHERE name = 'customer 4') = 10000, 'nothing came of it';
END $$;
