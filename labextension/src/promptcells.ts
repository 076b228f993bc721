/** Prompt cells are Markdown: keeps the type of code cells in step with their first line. */

import { isCodeCellModel, type ICellModel } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import { isPrompt, PROMPT_MIME } from './prompt.js';
import type { IPreferencesModel } from './tokens.js';

export class PromptCells {
  constructor(private readonly _preferences: IPreferencesModel) {
    _preferences.changed.connect(() => {
      this._notebooks.forEach(notebook => {
        this._checkAll(notebook);
      });
    });
  }

  /** Watch the cells of a notebook, those of today and those to come. */
  add(notebook: Notebook): void {
    if (this._notebooks.has(notebook)) {
      return;
    }
    this._notebooks.add(notebook);
    notebook.disposed.connect(() => this._notebooks.delete(notebook));
    const watch = (): void => {
      notebook.model?.cells.changed.connect(() => {
        this._checkAll(notebook);
      });
      this._checkAll(notebook);
    };
    notebook.modelChanged.connect(watch);
    watch();
  }

  private _checkAll(notebook: Notebook): void {
    for (const cell of notebook.model?.cells ?? []) {
      this._watch(notebook, cell);
      this._check(notebook, cell);
    }
  }

  private _watch(notebook: Notebook, cell: ICellModel): void {
    if (this._watched.has(cell) || !isCodeCellModel(cell)) {
      return;
    }
    this._watched.add(cell);
    const check = (): void => {
      this._check(notebook, cell);
    };
    cell.contentChanged.connect(check);
    // The notebook sets the type again when the kernel has told its language.
    cell.mimeTypeChanged.connect(check);
  }

  private _check(notebook: Notebook, cell: ICellModel): void {
    if (!isCodeCellModel(cell) || notebook.isDisposed) {
      return;
    }
    const isWanted =
      this._preferences.values.highlightPrompts && isPrompt(cell.sharedModel.getSource());
    if (isWanted) {
      cell.mimeType = PROMPT_MIME;
    } else if (cell.mimeType === PROMPT_MIME) {
      cell.mimeType = notebook.codeMimetype;
    }
  }

  private readonly _notebooks = new Set<Notebook>();
  private readonly _watched = new WeakSet<ICellModel>();
}
