"""The demo of arithmetic: word problems, and a teacher that reads, rephrases, invents and answers them."""
