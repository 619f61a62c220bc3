-- To oneself, of nothing, or backwards: none of these is a transfer.
DO $$
DECLARE payee text; amount bigint;
BEGIN
    FOR payee, amount IN VALUES ('customer 5', 10), ('customer 6', 0), ('customer 6', -10) LOOP
        BEGIN
            PERFORM transfer('customer 5', payee, amount);
            RAISE 'this was taken as a transfer: % to %', amount, payee;
        EXCEPTION WHEN check_violation THEN
            NULL;
        END;
    END LOOP;
END $$;
