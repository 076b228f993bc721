import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { CommandIDs, IGatewayModel, IPreferencesModel, PluginIDs } from '../tokens.js';
import { StatusItem } from '../views/status.js';

/** State and spend in the status bar, where the application has one. */
export const status: JupyterFrontEndPlugin<void> = {
  id: PluginIDs.status,
  description: 'The gateway in the status bar.',
  autoStart: true,
  requires: [IGatewayModel, IPreferencesModel],
  optional: [IStatusBar],
  activate: (
    app: JupyterFrontEnd,
    model: IGatewayModel,
    preferences: IPreferencesModel,
    bar: IStatusBar | null
  ) => {
    const open = (): void => {
      void app.commands.execute(CommandIDs.openPanel);
    };
    bar?.registerStatusItem(PluginIDs.status, {
      item: new StatusItem(model, preferences, open),
      align: 'left',
      rank: 100,
      isActive: () => preferences.values.statusBar,
      activeStateChanged: preferences.changed
    });
  }
};
