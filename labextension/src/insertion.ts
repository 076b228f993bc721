/** The cell that the button "Insert" writes for a model. */

import type { IModel } from './tokens.js';

export type Verb =
  'chat' | 'embed' | 'rerank' | 'moderate' | 'image' | 'speak' | 'transcribe' | 'video';

/** The text of a cell, and where in it the cursor goes. */
export interface IInsertion {
  source: string;
  cursor: number;
}

/** Endpoint types, as gateways name them in /v1/models, that a magic serves. */
const VERBS: Readonly<Record<string, Verb>> = {
  openai: 'chat',
  'openai-response': 'chat',
  anthropic: 'chat',
  gemini: 'chat',
  embeddings: 'embed',
  'jina-rerank': 'rerank',
  moderations: 'moderate',
  'image-generation': 'image',
  'audio-speech': 'speak',
  'audio-transcription': 'transcribe',
  'openai-video': 'video'
};

/** The verb for a model; null if no magic serves it. */
export function verbOf(model: Pick<IModel, 'id' | 'kinds'>): Verb | null {
  if (model.kinds.length === 0) {
    return guessed(model.id);
  }
  for (const kind of model.kinds) {
    const verb = VERBS[kind];
    if (verb) {
      return verb;
    }
  }
  return null;
}

/** Gateways need not say what a model is for; its name often does. */
function guessed(id: string): Verb {
  return /rerank/i.test(id) ? 'rerank' : /embed/i.test(id) ? 'embed' : 'chat';
}

export function insertion(verb: Verb, model: string): IInsertion {
  if (verb === 'transcribe') {
    // Its line names a file; there is no text below it.
    const line = `%nexhina transcribe -m ${quoted(model)} `;
    return { source: line, cursor: line.length };
  }
  const words = ['%%nexhina', ...(verb === 'chat' ? [] : [verb]), '-m', quoted(model)];
  if (verb === 'rerank') {
    const start = `${words.join(' ')} -q "`;
    return { source: `${start}"\n`, cursor: start.length };
  }
  const source = `${words.join(' ')}\n`;
  return { source, cursor: source.length };
}

/** The magic splits its line as a shell does, with quotes but without escapes. */
function quoted(word: string): string {
  if (!/[\s"']/.test(word)) {
    return word;
  }
  return word.includes('"') ? `'${word}'` : `"${word}"`;
}

/** Whether a source loads the magics; without that the kernel does not know `%%nexhina`. */
export function loadsMagics(source: string): boolean {
  return /^\s*%(?:re)?load_ext\s+nexhina_nb\b/m.test(source);
}

export const LOAD_MAGICS = '%load_ext nexhina_nb';
