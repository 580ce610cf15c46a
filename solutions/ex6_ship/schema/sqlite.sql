-- Whoever reads does not wait for whoever writes: SQLite keeps a write-ahead log.
PRAGMA journal_mode = WAL;

-- If two instances start at the same time, the second one waits here.
BEGIN IMMEDIATE;

CREATE TABLE IF NOT EXISTS products (
    name TEXT PRIMARY KEY,
    shelf INTEGER NOT NULL,
    price_cents INTEGER NOT NULL,
    stock INTEGER NOT NULL CHECK (stock >= 0)
);

CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL,
    buyer TEXT NOT NULL,
    product_name TEXT NOT NULL REFERENCES products (name),
    quantity INTEGER NOT NULL,
    total_cents INTEGER NOT NULL,
    remaining_stock INTEGER NOT NULL,
    sold_on TEXT NOT NULL DEFAULT CURRENT_DATE
);

-- What a model may ask about: what was sold, but not to whom.
CREATE VIEW IF NOT EXISTS sales AS
    SELECT product_name, quantity, total_cents, sold_on FROM orders;

-- The questions that were answered. Nobody can answer one twice, at whichever instance.
CREATE TABLE IF NOT EXISTS spent (
    id TEXT PRIMARY KEY,
    expires INTEGER NOT NULL
);

COMMIT;
