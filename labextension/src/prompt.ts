/** Which cells are prompts, and which parts of them have a meaning of their own.
 *
 * The same rules as in the kernel: IPython skips blank lines and indentation before a cell magic,
 * and `{{name}}` may go on with attributes and simple indexes.
 */

/** What JupyterLab calls Markdown with formulas: the type of its own Markdown cells. */
export const PROMPT_MIME = 'text/x-ipythongfm';

export type SpanKind = 'magic' | 'verb' | 'option' | 'text' | 'variable';

export interface ISpan {
  from: number;
  to: number;
  kind: SpanKind;
}

const START = /^(?:[ \t]*\r?\n)*[ \t]*%%nexhina(?![^\s])/;
const WORD = /(?:"[^"]*"?|'[^']*'?|[^\s"'])+/g;
const NAME = String.raw`[\p{L}_][\p{L}\p{N}_]*`;
const STEP = String.raw`\.${NAME}|\[(?:-?\d+|"[^"\]\n]*"|'[^'\]\n]*')\]`;
const VARIABLE = new RegExp(String.raw`\{\{[ \t]*${NAME}(?:${STEP})*[ \t]*\}\}`, 'gu');

/** Whether a cell with this source goes to a model. */
export function isPrompt(source: string): boolean {
  return START.test(source);
}

/** Where the line of the magic begins and ends; null if the source is no prompt. */
export function magicLine(source: string): { from: number; to: number } | null {
  const match = START.exec(source);
  if (!match) {
    return null;
  }
  const end = source.indexOf('\n', match[0].length);
  return { from: match[0].lastIndexOf('%%'), to: end < 0 ? source.length : end };
}

/** The parts of a line such as `%%nexhina embed -m MODEL --system "Be brief"`. */
export function lineSpans(line: string, offset = 0): ISpan[] {
  const spans: ISpan[] = [];
  for (const [index, match] of [...line.matchAll(WORD)].entries()) {
    const from = offset + match.index;
    const kind = kindOf(match[0], index);
    if (kind) {
      const length = kind === 'option' ? match[0].split('=', 1)[0]?.length : undefined;
      spans.push({ from, to: from + (length ?? match[0].length), kind });
    }
  }
  return spans;
}

function kindOf(word: string, index: number): SpanKind | null {
  if (index === 0) {
    return 'magic';
  }
  if (/^--?[A-Za-z]/.test(word)) {
    return 'option';
  }
  if (index === 1) {
    return 'verb';
  }
  return /["']/.test(word) ? 'text' : null;
}

/** The places for variables in a text. */
export function variableSpans(text: string, offset = 0): ISpan[] {
  return [...text.matchAll(VARIABLE)].map(match => ({
    from: offset + match.index,
    to: offset + match.index + match[0].length,
    kind: 'variable'
  }));
}

/** Whether the line asks for braces to stay as they are. */
export function isVerbatim(line: string): boolean {
  return /\s--verbatim(?=\s|$)/.test(line);
}
