// Writes the notebook that "New Tilth notebook" opens.
import type { KernelSpec } from "@jupyterlab/services";

const INTRODUCTION = [
  "# Grow training data with Tilth",
  "",
  "Run the cell below to open the Workbench on demo seeds: it needs no key and no network.",
  "To grow your own seeds, pass them and a model: " +
    '`tilth.Workbench(tilth.read_seeds("seeds.jsonl"), tilth.Teacher("gpt-4.1-mini"))`.',
].join("\n");

const WORKBENCH = "import tilth\n\ntilth.Workbench()";

/** A notebook (nbformat 4.5) whose cells are ready to run on the server's default Python kernel. */
export function starterNotebook(specs: KernelSpec.ISpecModels | null) {
  return {
    cells: [
      { cell_type: "markdown", id: "introduction", metadata: {}, source: INTRODUCTION },
      {
        cell_type: "code",
        id: "workbench",
        execution_count: null,
        metadata: {},
        outputs: [],
        source: WORKBENCH,
      },
    ],
    metadata: { kernelspec: pythonKernel(specs) },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

function pythonKernel(specs: KernelSpec.ISpecModels | null) {
  const known = Object.values(specs?.kernelspecs ?? {}).filter((spec) => spec?.language === "python");
  const spec = known.find((candidate) => candidate?.name === specs?.default) ?? known[0];
  return {
    name: spec?.name ?? "python3",
    display_name: spec?.display_name ?? "Python 3",
    language: "python",
  };
}
