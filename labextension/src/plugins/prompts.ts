import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker } from '@jupyterlab/notebook';
import { promptMarks } from '../highlight.js';
import { PromptCells } from '../promptcells.js';
import { IPreferencesModel, PluginIDs } from '../tokens.js';

/** Cells that start with `%%nexhina` look like prompts. */
export const prompts: JupyterFrontEndPlugin<void> = {
  id: PluginIDs.prompts,
  description: 'Highlights cells that start with %%nexhina.',
  autoStart: true,
  requires: [INotebookTracker, IEditorExtensionRegistry, IPreferencesModel],
  activate: (
    _app: JupyterFrontEnd,
    tracker: INotebookTracker,
    registry: IEditorExtensionRegistry,
    preferences: IPreferencesModel
  ) => {
    const marks = EditorExtensionRegistry.createImmutableExtension(promptMarks(preferences));
    registry.addExtension({
      name: PluginIDs.prompts,
      factory: ({ model }) => ('type' in model && model.type === 'code' ? marks : null)
    });
    const watch = new PromptCells(preferences);
    tracker.forEach(panel => {
      watch.add(panel.content);
    });
    tracker.widgetAdded.connect((_, panel) => {
      watch.add(panel.content);
    });
  }
};
