# syntax=example.org/frontend:1

not for us to read
