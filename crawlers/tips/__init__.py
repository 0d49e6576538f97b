"""Tips: what people tell us, by a public form or through a hotline, kept until the crawler takes it."""
