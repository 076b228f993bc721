import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Cells } from '../cells.js';
import { IGatewayModel, PANEL_ID, PluginIDs } from '../tokens.js';
import { GatewayPanel } from '../views/panel.js';

/** The side panel: health, models, the last calls. */
export const panel: JupyterFrontEndPlugin<void> = {
  id: PluginIDs.panel,
  description: 'The gateway in the left side bar.',
  autoStart: true,
  requires: [IGatewayModel, INotebookTracker],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    model: IGatewayModel,
    tracker: INotebookTracker,
    restorer: ILayoutRestorer | null
  ) => {
    const widget = new GatewayPanel(model, new Cells(app.shell, tracker), app.commands);
    app.shell.add(widget, 'left', { rank: 600 });
    restorer?.add(widget, PANEL_ID);
  }
};
