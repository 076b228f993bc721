/** Names that several files share: ids, the values of the REST interface, and the two tokens. */

import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

const NAME = '@nexhina/nb';

/** Plugins. The settings belong to the first one: its schema is `schema/plugin.json`. */
export const PluginIDs = {
  preferences: `${NAME}:plugin`,
  gateway: `${NAME}:gateway`,
  commands: `${NAME}:commands`,
  panel: `${NAME}:panel`,
  status: `${NAME}:status`,
  prompts: `${NAME}:prompts`
} as const;

export const CommandIDs = {
  start: 'nexhina:start-gateway',
  stop: 'nexhina:stop-gateway',
  refresh: 'nexhina:refresh',
  openPanel: 'nexhina:open-panel'
} as const;

export const PANEL_ID = 'nexhina-panel';

export type State = 'running' | 'stopped' | 'starting' | 'stopping' | 'failed' | 'remote';

export type Action = 'start' | 'stop';

/** Money is text in USD, so that no digit is lost. */
export interface IKey {
  name: string;
  used_usd: string;
  available_usd: string | null;
}

export interface ISpend {
  calls: number;
  errors: number;
  quota: number;
  usd: string;
}

/** The answer of `status`. `owned`: the Jupyter server started this gateway. */
export interface IStatus {
  state: State;
  owned: boolean;
  base_url: string | null;
  pid: number | null;
  version: string;
  error: string | null;
  key: IKey | null;
  today: ISpend | null;
}

/** A model; prices in USD for a million tokens, or for one `unit`. */
export interface IModel {
  id: string;
  kinds: string[];
  context: number | null;
  input: string | null;
  output: string | null;
  per_call: string | null;
  unit: string | null;
  owner: string;
}

/** A call that the gateway has recorded; `time` in seconds since 1970. */
export interface ICall {
  request_id: string;
  time: number;
  model: string;
  ok: boolean;
  input_tokens: number;
  output_tokens: number;
  quota: number;
  usd: string;
  seconds: number;
  stream: boolean;
  notebook: string | null;
  cell: string | null;
  note: string | null;
}

/** What went wrong, and what to do next. */
export interface IProblem {
  message: string;
  hint: string | null;
}

/** What the front end knows about the gateway. Null: not known (yet). */
export interface IGatewayModel {
  readonly changed: ISignal<IGatewayModel, void>;
  readonly status: IStatus | null;
  readonly models: readonly IModel[] | null;
  readonly calls: readonly ICall[] | null;
  readonly problem: IProblem | null;
  /** The state to show: that of the status, or what is being done to the gateway right now. */
  readonly state: State | null;
  /** Whether somebody looks at models and calls; they are fetched only then. */
  watched: boolean;
  refresh(): Promise<void>;
  /** Refresh in a moment, however often it is called until then. */
  refreshSoon(): void;
  /** Start or stop the gateway; rejects with an `Error` if that fails. */
  act(action: Action): Promise<void>;
}

export interface IPreferences {
  statusBar: boolean;
  showSpend: boolean;
  pollInterval: number;
  highlightPrompts: boolean;
}

/** The user's settings, as they are now. */
export interface IPreferencesModel {
  readonly changed: ISignal<IPreferencesModel, void>;
  readonly values: Readonly<IPreferences>;
}

export const IGatewayModel = new Token<IGatewayModel>(
  `${NAME}:IGatewayModel`,
  'The state of the gateway: start, stop, models, calls.'
);

export const IPreferencesModel = new Token<IPreferencesModel>(
  `${NAME}:IPreferencesModel`,
  'The settings of nexhina_nb in the browser.'
);
