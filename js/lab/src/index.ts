// Adds "New Tilth notebook" to JupyterLab's launcher and palette, and shows workbenches in notebooks.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import type { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import type { Widget } from "@lumino/widgets";
import { tilthIcon } from "./icon";
import { starterNotebook } from "./notebook";
import { showWorkbenches } from "./workbenchOutput";

const COMMAND = "tilth:new-notebook";

const plugin: JupyterFrontEndPlugin<void> = {
  id: "tilth:plugin",
  description: "Opens notebooks with Tilth's Workbench, and shows it in them with or without a kernel.",
  autoStart: true,
  // Notebook 7 has no launcher: every token is optional, so the plugin never fails to start.
  optional: [ILauncher, ICommandPalette],
  activate: (app: JupyterFrontEnd, launcher: ILauncher | null, palette: ICommandPalette | null) => {
    const { commands, serviceManager } = app;

    commands.addCommand(COMMAND, {
      label: (args) => (args.isLauncher ? "Tilth Notebook" : "New Tilth Notebook"),
      caption: "Create a notebook with Tilth's Workbench, ready to run",
      icon: (args) => (args.isPalette ? undefined : tilthIcon),
      describedBy: {
        args: {
          type: "object",
          properties: {
            cwd: { type: "string", description: "Folder of the new notebook" },
            isLauncher: { type: "boolean" },
            isPalette: { type: "boolean" },
          },
        },
      },
      execute: async (args) => {
        const path = typeof args.cwd === "string" ? args.cwd : "";
        const { contents, kernelspecs } = serviceManager;
        await kernelspecs.ready;
        const file = await contents.newUntitled({ path, type: "notebook" });
        await contents.save(file.path, {
          type: "notebook",
          format: "json",
          content: starterNotebook(kernelspecs.specs),
        });
        return commands.execute("docmanager:open", { path: file.path, factory: "Notebook" });
      },
    });

    app.docRegistry.addWidgetExtension("Notebook", {
      createNew: (panel) => {
        const { content } = panel as Widget & { content: { rendermime: IRenderMimeRegistry } };
        showWorkbenches(content.rendermime);
      },
    });

    launcher?.add({ command: COMMAND, category: "Other", rank: 0, args: { isLauncher: true } });
    palette?.addItem({ command: COMMAND, category: "Tilth", args: { isPalette: true } });
  },
};

export default plugin;
