/** The server's schema of a rule, cut down to a few fields and in the very shape that it has. */
import type { Schema } from "../src/pages/rules/complete";

const ofKind = (kind: string, categories: string[], event: Record<string, Schema>): Schema => {
  const selection: Schema = { $ref: `#/$defs/${kind}_selection` };
  const sample: Schema = { type: "object", properties: { note: { type: "string" }, event: { type: "object", properties: event } } };
  return {
    if: { properties: { kind: { const: kind } } },
    then: {
      properties: {
        category: { enum: categories },
        correlation: false,
        selections: { additionalProperties: { oneOf: [selection, { type: "array", items: selection }] } },
        samples: { properties: { fires: { type: "array", items: sample } } },
      },
    },
  };
};

const number: Schema = { anyOf: [{ $ref: "#/$defs/number" }, { type: "array", items: { $ref: "#/$defs/number" } }] };
const oneOf = (...values: string[]): Schema => ({ anyOf: [{ enum: values }, { type: "array", items: { enum: values } }] });

export const schema: Schema = {
  type: "object",
  properties: {
    id: { type: "string" },
    kind: { enum: ["radio", "web", "correlation"] },
    level: { enum: ["low", "medium", "high", "critical"] },
    category: { type: "string" },
    tags: { type: "array" },
    selections: { type: "object" },
    samples: { type: "object" },
  },
  allOf: [
    ofKind("radio", ["signal"], { modulation: { anyOf: [{ enum: ["fsk2", "fsk4"] }, { type: "null" }] } }),
    ofKind("web", ["sell", "scam"], { text: { type: "string" } }),
  ],
  $defs: {
    number: { type: ["number", "string"], description: "433.92M, 12.5k, 30" },
    radio_selection: {
      type: "object",
      properties: {
        "snr_db|gt": { ...number, description: "SNR / 信噪比 (dB)" },
        "snr_db|gte": { ...number, description: "SNR / 信噪比 (dB)" },
        modulation: oneOf("ook", "fsk2", "fsk4"),
        new: { type: "boolean" },
        flags: oneOf("overload", "image"),
      },
    },
    web_selection: { type: "object", properties: { "text|contains": { type: "string" } } },
  },
};
