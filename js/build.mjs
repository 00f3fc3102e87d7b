// Bundles every widget entry of src/ into the Python package's static/ folder.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const outdir = join(here, "../src/tilth/static");
const entries = ["widget.ts", "vega.ts"]
  .map((name) => join(here, "src", name))
  .filter((path) => existsSync(path));

if (entries.length === 0) {
  throw new Error(`no entry to build: ${join(here, "src/widget.ts")} does not exist`);
}

/** @type {import("esbuild").BuildOptions} */
const options = {
  entryPoints: entries,
  outdir,
  bundle: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  legalComments: "eof",
  // A UMD dependency would otherwise register itself with the page's own AMD loader
  // (classic notebooks and some HTML exports have one): manzt/anywidget#369.
  define: { "define.amd": "false" },
  logLevel: "info",
};

if (process.argv.includes("--watch")) {
  const context = await esbuild.context({ ...options, sourcemap: "inline", minify: false });
  await context.watch();
} else {
  await rm(outdir, { recursive: true, force: true });
  await esbuild.build(options);
}
