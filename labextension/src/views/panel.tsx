/** The side panel: three sections that fold and share the height. */

import { Notification } from '@jupyterlab/apputils';
import { CommandToolbarButton, ReactWidget, SidePanel, Toolbar } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import { AccordionPanel } from '@lumino/widgets';
import React from 'react';
import type { Cells } from '../cells.js';
import { nexhinaIcon } from '../icons.js';
import { CommandIDs, PANEL_ID, type ICall, type IGatewayModel } from '../tokens.js';
import { Calls } from './calls.js';
import { Health } from './health.js';
import { Models } from './models.js';

/** How the sections share the height at first; the user may drag the borders. */
const SHARES = [0.26, 0.37, 0.37];

export class GatewayPanel extends SidePanel {
  constructor(
    private readonly _model: IGatewayModel,
    cells: Cells,
    commands: CommandRegistry
  ) {
    super();
    this.id = PANEL_ID;
    this.title.icon = nexhinaIcon;
    this.title.caption = 'Nexhina gateway';
    this.addClass('nx-Panel');
    const execute = (id: string): void => {
      void commands.execute(id);
    };
    const health = new Section('Health', 'health', () => (
      <Health model={_model} commands={commands} execute={execute} />
    ));
    health.toolbar.addItem(
      'refresh',
      new CommandToolbarButton({ commands, id: CommandIDs.refresh, label: '' })
    );
    const models = new Section('Models', 'models', () => (
      <Models
        model={_model}
        hasNotebook={cells.tracker.currentWidget !== null}
        insert={(verb, model) => void cells.insert(verb, model)}
        execute={execute}
      />
    ));
    const calls = new Section('Last calls', 'calls', () => (
      <Calls model={_model} reveal={call => void revealed(cells, call)} />
    ));
    for (const section of [health, models, calls]) {
      this.addWidget(section);
      _model.changed.connect(section.update, section);
    }
    cells.tracker.currentChanged.connect(models.update, models);
    if (this.content instanceof AccordionPanel) {
      this.content.setRelativeSizes(SHARES);
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._model.watched = true;
  }

  protected override onBeforeHide(message: Message): void {
    super.onBeforeHide(message);
    this._model.watched = false;
  }
}

class Section extends ReactWidget implements Toolbar.IWidgetToolbar {
  readonly toolbar = new Toolbar();

  constructor(
    label: string,
    name: string,
    private readonly _content: () => React.ReactElement
  ) {
    super();
    this.title.label = label;
    this.addClass('nx-Section');
    this.node.dataset.section = name;
  }

  protected override render(): React.ReactElement {
    return this._content();
  }
}

async function revealed(cells: Cells, call: ICall): Promise<void> {
  if (!(await cells.reveal(call))) {
    const name = call.notebook?.split('/').pop() ?? 'of this call';
    Notification.info(`The notebook ${name} is not open, or the cell is no longer in it`);
  }
}
