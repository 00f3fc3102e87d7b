-- The sample database of the text-to-SQL demo: an invented nursery that buys plants and sells them.
CREATE TABLE suppliers (
  supplier_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  country TEXT NOT NULL,
  founded INTEGER NOT NULL,    -- year
  lead_days INTEGER NOT NULL   -- days from our order to their delivery
);
CREATE TABLE plants (
  plant_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  category TEXT NOT NULL,
  light TEXT NOT NULL,
  price REAL NOT NULL,
  stock INTEGER NOT NULL,
  supplier_id INTEGER NOT NULL REFERENCES suppliers (supplier_id)
);
CREATE TABLE customers (
  customer_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  city TEXT NOT NULL,
  kind TEXT NOT NULL,
  joined INTEGER NOT NULL      -- year
);
CREATE TABLE orders (
  order_id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (customer_id),
  plant_id INTEGER NOT NULL REFERENCES plants (plant_id),
  month TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  total REAL NOT NULL,
  status TEXT NOT NULL
);
