/** The user's settings; their defaults are those of `schema/plugin.json`, which a test compares. */

import { Signal, type ISignal } from '@lumino/signaling';
import type { IPreferences, IPreferencesModel } from './tokens.js';

export const DEFAULTS: Readonly<IPreferences> = {
  statusBar: true,
  showSpend: true,
  pollInterval: 10,
  highlightPrompts: true
};

export class PreferencesModel implements IPreferencesModel {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get values(): Readonly<IPreferences> {
    return this._values;
  }

  /** Take over what the settings registry holds; it has checked them against the schema. */
  update(composite: Partial<IPreferences>): void {
    this._values = { ...DEFAULTS, ...composite };
    this._changed.emit();
  }

  private _values: Readonly<IPreferences> = DEFAULTS;
  private readonly _changed = new Signal<this, void>(this);
}
