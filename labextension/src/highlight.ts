/** The marks inside a prompt: magic, verb, options, variables. */

import { RangeSetBuilder, type Extension, type Range } from '@codemirror/state';
import {
  Decoration,
  ViewPlugin,
  type DecorationSet,
  type EditorView,
  type ViewUpdate
} from '@codemirror/view';
import {
  isVerbatim,
  lineSpans,
  magicLine,
  variableSpans,
  type ISpan,
  type SpanKind
} from './prompt.js';
import type { IPreferencesModel } from './tokens.js';

const LINE = Decoration.line({ class: 'nx-MagicLine' });

const MARKS: Record<SpanKind, Decoration> = {
  magic: Decoration.mark({ class: 'nx-mark-magic' }),
  verb: Decoration.mark({ class: 'nx-mark-verb' }),
  option: Decoration.mark({ class: 'nx-mark-option' }),
  text: Decoration.mark({ class: 'nx-mark-text' }),
  variable: Decoration.mark({ class: 'nx-mark-variable' })
};

/** Only so much of a document is looked at for its first line. */
const HEAD = 10_000;

const NOTHING: DecorationSet = new RangeSetBuilder<Decoration>().finish();

/** The extension for the editors of code cells; it follows the preference. */
export function promptMarks(preferences: IPreferencesModel): Extension {
  class Marks {
    decorations: DecorationSet;

    constructor(private readonly _view: EditorView) {
      this.decorations = this._marks();
      preferences.changed.connect(this._onPreferences, this);
    }

    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged) {
        this.decorations = this._marks();
      }
    }

    destroy(): void {
      preferences.changed.disconnect(this._onPreferences, this);
    }

    private _onPreferences(): void {
      this.decorations = this._marks();
      this._view.dispatch({}); // an empty update makes the view read the decorations again
    }

    private _marks(): DecorationSet {
      return preferences.values.highlightPrompts ? marks(this._view) : NOTHING;
    }
  }
  return ViewPlugin.fromClass(Marks, { decorations: plugin => plugin.decorations });
}

function marks(view: EditorView): DecorationSet {
  const { doc } = view.state;
  const head = doc.sliceString(0, HEAD);
  const magic = magicLine(head);
  if (!magic) {
    return NOTHING;
  }
  const line = head.slice(magic.from, magic.to);
  const spans = lineSpans(line, magic.from);
  if (!isVerbatim(line)) {
    for (const { from, to } of view.visibleRanges) {
      spans.push(...variableSpans(doc.sliceString(from, to), from));
    }
  }
  return Decoration.set([LINE.range(doc.lineAt(magic.from).from), ...spans.map(marked)], true);
}

function marked({ from, to, kind }: ISpan): Range<Decoration> {
  return MARKS[kind].range(from, to);
}
