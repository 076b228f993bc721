import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { PreferencesModel } from '../preferences.js';
import { IPreferencesModel, PluginIDs } from '../tokens.js';

/** The user's settings. Until they are there, and where there is no registry, the defaults hold. */
export const preferences: JupyterFrontEndPlugin<IPreferencesModel> = {
  id: PluginIDs.preferences,
  description: 'The settings of nexhina_nb in the browser.',
  autoStart: true,
  provides: IPreferencesModel,
  optional: [ISettingRegistry],
  activate: (_app, registry: ISettingRegistry | null) => {
    const model = new PreferencesModel();
    if (registry) {
      registry.load(PluginIDs.preferences).then(
        settings => {
          const update = (): void => {
            model.update(settings.composite);
          };
          settings.changed.connect(update);
          update();
        },
        (error: unknown) => {
          console.warn('nexhina_nb: the settings cannot be read; the defaults hold.', error);
        }
      );
    }
    return model;
  }
};
