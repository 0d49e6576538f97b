"""Between the edge and the centre: an outbox that is the record, a broker that may lose all, receipts.

sensor, crawler                          broker                    hub
intake ─put─> [ outbox ] ─publish──> [ JetStream ] ──pull──> store.merge ─commit─┐
                 ^  rows leave                                                   │
                 └──────────────────── receipt: these ids are committed ─────────┘
"""
