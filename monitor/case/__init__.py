"""Cases: what people make of alerts, step by step, until each is closed."""
