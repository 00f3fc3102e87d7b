"""Small parsers of arithmetic word problems, and what they read questions and responses with."""
