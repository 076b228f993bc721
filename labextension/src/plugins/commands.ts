import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { refreshIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import { capitalized } from '../format.js';
import { nexhinaIcon } from '../icons.js';
import { Problem, sentence } from '../problem.js';
import { CommandIDs, IGatewayModel, PANEL_ID, PluginIDs, type Action } from '../tokens.js';

/** What can be done, for the palette, for shortcuts and for the panel's buttons. */
export const commands: JupyterFrontEndPlugin<void> = {
  id: PluginIDs.commands,
  description: 'Commands that start and stop the gateway and open the panel.',
  autoStart: true,
  requires: [IGatewayModel],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, model: IGatewayModel, palette: ICommandPalette | null) => {
    const act = acting(model);
    app.commands.addCommand(CommandIDs.start, {
      label: 'Start the Gateway',
      caption: 'Start one gateway for all kernels of this Jupyter server',
      icon: runIcon,
      isEnabled: () => model.state === 'stopped' || model.state === 'failed',
      execute: () => act('start')
    });
    app.commands.addCommand(CommandIDs.stop, {
      label: 'Stop the Gateway',
      caption: 'Let running calls finish, then stop the gateway of this Jupyter server',
      icon: stopIcon,
      isEnabled: () => model.state === 'running',
      execute: () => act('stop')
    });
    app.commands.addCommand(CommandIDs.refresh, {
      label: 'Refresh the Gateway Panel',
      caption: 'Look at the gateway now',
      icon: refreshIcon,
      execute: () => model.refresh()
    });
    app.commands.addCommand(CommandIDs.openPanel, {
      label: 'Show the Gateway Panel',
      caption: 'Gateway, models and the last calls',
      icon: nexhinaIcon,
      execute: () => {
        app.shell.activateById(PANEL_ID);
      }
    });
    for (const command of Object.values(CommandIDs)) {
      palette?.addItem({ command, category: 'Nexhina' });
    }
    model.changed.connect(() => {
      app.commands.notifyCommandChanged(CommandIDs.start);
      app.commands.notifyCommandChanged(CommandIDs.stop);
    });
  }
};

/** Do it; tell what prevents it until it has worked. */
function acting(model: IGatewayModel): (action: Action) => Promise<void> {
  let told = '';
  return async action => {
    if (told) {
      Notification.dismiss(told);
    }
    try {
      await model.act(action);
    } catch (error) {
      const text = capitalized(sentence(Problem.of(error)));
      told = Notification.error(text, { autoClose: false });
    }
  };
}
