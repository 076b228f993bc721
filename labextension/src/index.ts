/** The plugins of nexhina_nb. */

import { commands } from './plugins/commands.js';
import { gateway } from './plugins/gateway.js';
import { panel } from './plugins/panel.js';
import { preferences } from './plugins/preferences.js';
import { prompts } from './plugins/prompts.js';
import { status } from './plugins/status.js';

export default [preferences, gateway, commands, panel, status, prompts];
