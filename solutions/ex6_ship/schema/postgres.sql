BEGIN;

-- If two instances start at the same time, the second one waits here.
SELECT pg_advisory_xact_lock(8420);

CREATE TABLE IF NOT EXISTS products (
    name TEXT PRIMARY KEY,
    shelf BIGINT NOT NULL,
    price_cents BIGINT NOT NULL,
    stock BIGINT NOT NULL CHECK (stock >= 0)
);

CREATE TABLE IF NOT EXISTS orders (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id TEXT NOT NULL,
    buyer TEXT NOT NULL,
    product_name TEXT NOT NULL REFERENCES products (name),
    quantity BIGINT NOT NULL,
    total_cents BIGINT NOT NULL,
    remaining_stock BIGINT NOT NULL,
    sold_on DATE NOT NULL DEFAULT CURRENT_DATE
);

-- What a model may ask about: what was sold, but not to whom.
CREATE OR REPLACE VIEW sales AS
    SELECT product_name, quantity, total_cents, sold_on FROM orders;

-- The questions that were answered. Nobody can answer one twice, at whichever instance.
CREATE TABLE IF NOT EXISTS spent (
    id TEXT PRIMARY KEY,
    expires BIGINT NOT NULL
);

COMMIT;
