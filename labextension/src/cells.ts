/** Cells of open notebooks: write a new one, find one again. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Cell } from '@jupyterlab/cells';
import {
  NotebookActions,
  type INotebookTracker,
  type Notebook,
  type NotebookPanel
} from '@jupyterlab/notebook';
import { insertion, loadsMagics, LOAD_MAGICS, type Verb } from './insertion.js';
import type { ICall } from './tokens.js';

/** Where cells can be written to and looked for. */
export class Cells {
  constructor(
    private readonly _shell: JupyterFrontEnd.IShell,
    private readonly _tracker: INotebookTracker
  ) {}

  get tracker(): INotebookTracker {
    return this._tracker;
  }

  /** Write a cell for the model below the active one, and put the cursor into it. */
  async insert(verb: Verb, model: string): Promise<void> {
    const panel = this._tracker.currentWidget;
    if (!panel) {
      return;
    }
    if (!sources(panel.content).some(loadsMagics)) {
      write(panel.content, LOAD_MAGICS);
    }
    const { source, cursor } = insertion(verb, model);
    const cell = write(panel.content, source);
    await this._show(panel, panel.content.activeCellIndex);
    await cell?.ready;
    panel.content.mode = 'edit';
    const position = cell?.editor?.getPositionAt(cursor);
    if (position) {
      cell?.editor?.setCursorPosition(position);
    }
  }

  /** Scroll to the cell that made the call, and select it; false if it is in no open notebook. */
  async reveal(call: ICall): Promise<boolean> {
    const found = this._find(call);
    if (found) {
      found.panel.content.deselectAll();
      found.panel.content.activeCellIndex = found.index;
      await this._show(found.panel, found.index);
    }
    return found !== null;
  }

  private async _show(panel: NotebookPanel, index: number): Promise<void> {
    this._shell.activateById(panel.id);
    await panel.content.scrollToItem(index, 'smart');
  }

  private _find(call: ICall): { panel: NotebookPanel; index: number } | null {
    const found: { panel: NotebookPanel; index: number }[] = [];
    this._tracker.forEach(panel => {
      const index = panel.content.widgets.findIndex(cell => cell.model.id === call.cell);
      if (index >= 0) {
        found.push({ panel, index });
      }
    });
    // A copy of a notebook has the same cell ids.
    const isSame = ({ panel }: { panel: NotebookPanel }): boolean =>
      call.notebook?.endsWith(panel.context.localPath) ?? false;
    return found.find(isSame) ?? found[0] ?? null;
  }
}

function sources(notebook: Notebook): string[] {
  return notebook.widgets.map(cell => cell.model.sharedModel.getSource());
}

function write(notebook: Notebook, source: string): Cell | null {
  NotebookActions.insertBelow(notebook);
  if (notebook.activeCell?.model.type !== 'code') {
    NotebookActions.changeCellType(notebook, 'code');
  }
  notebook.activeCell?.model.sharedModel.setSource(source);
  return notebook.activeCell;
}
