import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const built = fileURLToPath(new URL("../monitor/server/static", import.meta.url));

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    outDir: built,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the page's policy forbids data: addresses
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8440" } },
  test: { include: ["test/**/*.test.ts"] },
});
