-- For pgbench: a transfer between two customers by chance.
\set payer random(1, 10)
\set payee random(11, 20)
SELECT transfer('customer ' || :payer, 'customer ' || :payee, 1);
