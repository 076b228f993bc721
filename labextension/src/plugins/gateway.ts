import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { NotebookActions } from '@jupyterlab/notebook';
import { GatewayModel } from '../model.js';
import { asking } from '../request.js';
import { IGatewayModel, IPreferencesModel, PluginIDs } from '../tokens.js';

/** The state of the gateway, asked for at the user's pace and whenever a cell has run. */
export const gateway: JupyterFrontEndPlugin<IGatewayModel> = {
  id: PluginIDs.gateway,
  description: 'The state of the gateway.',
  autoStart: true,
  provides: IGatewayModel,
  requires: [IPreferencesModel],
  activate: (app: JupyterFrontEnd, preferences: IPreferencesModel) => {
    const { pollInterval } = preferences.values;
    const model = new GatewayModel(asking(app.serviceManager.serverSettings), pollInterval);
    preferences.changed.connect(() => {
      model.seconds = preferences.values.pollInterval;
    });
    // Any cell may have called a model: by a magic, the client, or somebody else's library.
    NotebookActions.executed.connect(() => {
      model.refreshSoon();
    });
    model.start();
    return model;
  }
};
