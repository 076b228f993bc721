/** The item of the status bar. */

import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';
import { statusDetails, statusLine } from '../format.js';
import { sentence } from '../problem.js';
import type { IGatewayModel, IPreferencesModel } from '../tokens.js';
import { Dot } from './dot.js';

export class StatusItem extends ReactWidget {
  constructor(
    private readonly _model: IGatewayModel,
    private readonly _preferences: IPreferencesModel,
    private readonly _open: () => void
  ) {
    super();
    this.addClass('nx-StatusItem');
    _model.changed.connect(this.update, this);
    _preferences.changed.connect(this.update, this);
  }

  protected override render(): React.ReactElement {
    const { problem, state, status } = this._model;
    const { showSpend } = this._preferences.values;
    return (
      <button
        type="button"
        className="nx-StatusItem-button"
        title={statusDetails(status, problem && sentence(problem))}
        data-state={state ?? 'unknown'}
        onClick={this._open}
      >
        <Dot state={state} />
        <span>{statusLine(state, status, { showSpend, isBroken: problem !== null })}</span>
      </button>
    );
  }
}
