"""Many machines as one: who belongs, what each may say, and what each runs."""
